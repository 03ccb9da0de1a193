/**
 * What the operator lets external sockets run and open: said where the kernel is made, and by no socket's option.
 * @module
 */
import { realpathSync } from 'node:fs'
import { isAbsolute, normalize } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'

/** A text that an argument must be, or a pattern that it must match from end to end. */
export type ArgumentPattern = string | RegExp

/** A program, and with which arguments. */
export interface CommandPermit {
  /** Absolute. A symbolic link stands for what it points at when it is listed. */
  path: string
  /** One for each argument, in order. @default none: the program gets no arguments */
  args?: readonly ArgumentPattern[]
  /** For each argument beyond `args`. @default there are none */
  rest?: ArgumentPattern
}

/** Nothing is permitted that is not listed. */
export interface ExternalPermits {
  /** Programs that EXTERNAL_COMMAND may name; one may be listed several times. A bare path takes no arguments. */
  commands?: readonly (string | CommandPermit)[] | undefined
  /** Where pipes, watched files and working directories may be: these paths and all below them. */
  paths?: readonly string[] | undefined
}

export type PatternWire = string | { readonly source: string; readonly flags: string }

/** The lists as they cross to the worker. */
export interface PermitsWire {
  readonly commands: readonly {
    readonly path: string
    /** What `path` was when it was listed. */
    readonly real: string
    readonly args: readonly PatternWire[]
    readonly rest: PatternWire | null
  }[]
  readonly paths: readonly string[]
}

/** @throws SocketError EINVAL for what can be no list */
export function permitsWire({ commands = [], paths = [] }: ExternalPermits): PermitsWire {
  return {
    commands: commands.map(command => {
      const { path, args = [], rest } = typeof command === 'string' ? { path: command } : command
      checkPath(path, 'a command')
      return {
        path,
        real: realPath(path),
        args: args.map(patternWire),
        rest: rest === undefined ? null : patternWire(rest),
      }
    }),
    paths: paths.map(path => {
      checkPath(path, 'a path')
      return realPath(path)
    }),
  }
}

function patternWire(pattern: ArgumentPattern): PatternWire {
  if (typeof pattern === 'string') return pattern
  const { source, flags } = pattern
  return { source, flags: flags.replace(/[gy]/g, '') }
}

function checkPath(path: unknown, what: string): asserts path is string {
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return
  throw new SocketError('EINVAL', `external: ${what} must be an absolute path, not ${JSON.stringify(path)}`)
}

/** What is not there yet counts as it is written. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const plain = normalize(path)
    return plain.length > 1 && plain.endsWith('/') ? plain.slice(0, -1) : plain
  }
}
