/**
 * The operator's lists in the worker, where they are gone by.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import type { PatternWire, PermitsWire } from './lists.ts'

type Matcher = (argument: string) => boolean

export interface Command {
  readonly path: string
  readonly real: string
  /** Whether it may be given these arguments. */
  takes(args: readonly string[]): boolean
}

export class Permits {
  readonly commands: readonly Command[]
  readonly #paths: readonly string[]

  constructor({ commands, paths }: PermitsWire) {
    this.#paths = paths
    this.commands = commands.map(({ path, real, args, rest }) => {
      const fixed = args.map(matcher)
      const further = rest === null ? undefined : matcher(rest)
      return {
        path,
        real,
        takes: given => {
          if (given.length < fixed.length || (given.length > fixed.length && !further)) return false
          return given.every((argument, i) => (fixed[i] ?? further!)(argument))
        },
      }
    })
  }

  /** Whether a real path is one of the list, or below one. */
  covers(real: string): boolean {
    return this.#paths.some(
      path => real === path || path === '/' || (real.startsWith(path) && real[path.length] === '/'),
    )
  }
}

const compiled = new WeakMap<object, Permits>()

/** The lists in force now: they may have been replaced since. */
export function permitsOf(socket: PluginSocket): Permits {
  const wire = socket.config as PermitsWire
  let permits = compiled.get(wire)
  if (!permits) compiled.set(wire, (permits = new Permits(wire)))
  return permits
}

function matcher(pattern: PatternWire): Matcher {
  if (typeof pattern === 'string') return argument => argument === pattern
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace('m', ''))
  return argument => whole.test(argument)
}
