/**
 * What a plugin is to the kernel, and how a program chooses one.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { AnyOption, Mode } from '../types.ts'
import { findMode, type ModeDefinition } from './mode.ts'
import { findOption, type OptionDefinition } from './option.ts'

/** The version of the contract between plugins and the kernel. A plugin of another version is refused. */
export const API_VERSION = 1

export type Isolation = 'thread' | 'process' | 'inline'

/** The limits of a thread worker, as `worker_threads` takes them: of the JavaScript heap only. */
export interface ResourceLimits {
  maxOldGenerationSizeMb?: number
  maxYoungGenerationSizeMb?: number
  codeRangeSizeMb?: number
  stackSizeMb?: number
}

/** Where a program runs a plugin. */
export interface PluginSettings {
  /** `thread` contains exceptions, not memory; a plugin you do not trust runs as a `process`. @default 'thread' */
  isolation?: Isolation
  /** Plugins that name the same worker share it, and may share listeners. @default the plugin's name */
  worker?: string
  resourceLimits?: ResourceLimits
}

export interface PluginDefinition {
  readonly name: string
  readonly version: string
  readonly apiVersion: number
  readonly modeRanges: readonly (readonly [from: number, to: number])[]
  readonly optionRanges: readonly (readonly [from: number, to: number])[]
  readonly modes: readonly ModeDefinition[]
  readonly options: readonly OptionDefinition[]
  /** The module whose default export is `defineWorker(…)`. */
  readonly worker: URL
}

const MARK = Symbol.for('unisock.plugin')

/** A plugin with the settings a program chose for it: what `createKernel({ plugins })` takes. */
export interface Plugin {
  readonly [MARK]: true
  readonly definition: PluginDefinition
  readonly settings: PluginSettings
}

export interface PluginOptions {
  name: string
  version: string
  apiVersion: number
  /** The numbers that are the plugin's own: modes and options outside of them are refused. */
  ranges: {
    modes: readonly (readonly [from: number, to: number])[]
    options: readonly (readonly [from: number, to: number])[]
  }
  /** Mode constants by name: `{ ECHO_SERVER }`, or a module that exports nothing else. */
  modes: Readonly<Record<string, Mode<any>>>
  /** Option constants by name, with those of shared families. */
  options: Readonly<Record<string, AnyOption>>
  worker: URL
}

/**
 * Defines a plugin. The result is called by programs: `createKernel({ plugins: [echo({ isolation: 'process' })] })`.
 */
export function definePlugin(options: PluginOptions): (settings?: PluginSettings) => Plugin {
  const resolve = <D>(kind: string, constants: Readonly<Record<string, number>>, find: typeof findBy<D>) =>
    Object.entries(constants).map(([name, number]) => find(kind, name, number, options.name))
  const definition: PluginDefinition = {
    name: options.name,
    version: options.version,
    apiVersion: options.apiVersion,
    modeRanges: options.ranges.modes,
    optionRanges: options.ranges.options,
    modes: resolve<ModeDefinition>('mode', options.modes, findBy),
    options: resolve<OptionDefinition>('option', options.options, findBy),
    worker: options.worker,
  }
  return (settings = {}) => ({ [MARK]: true, definition, settings })
}

function findBy<D>(kind: string, name: string, number: number, plugin: string): D {
  const found = kind === 'mode' ? findMode(number, name) : findOption(number, name)
  if (found) return found as D
  throw new SocketError(
    'EPLUGINLOAD',
    `plugin ${plugin}: ${kind} ${name} (${number}) was not made by ${kind === 'mode' ? 'defineMode' : 'defineOption'}, or is exported under another name`,
  )
}

/** Recognises a plugin of any copy of this package. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && (value as any)[MARK] === true
}

/**
 * The URL of a module beside the caller's, with the caller's own extension: `.ts` where TypeScript runs as it is,
 * `.js` where it was built.
 *
 * @example definePlugin({ …, worker: sibling('./worker', import.meta.url) })
 */
export function sibling(path: string, base: string): URL {
  const extension = /\.[cm]?[jt]s$/.exec(new URL(base).pathname)?.[0] ?? '.js'
  return new URL(path + extension, base)
}
