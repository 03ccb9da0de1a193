/**
 * What a plugin is to the kernel, and how a program chooses one.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { StoreLimits } from '../store/limits.ts'
import type { AnyOption, Mode } from '../types.ts'
import { findMode, type ModeDefinition } from './mode.ts'
import { findOption, type OptionDefinition } from './option.ts'
import type { PluginConfig } from './plugin-config.ts'

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

/** A keeper as a program wants it. Plugins that share a worker share its keeper, and the largest of each limit holds. */
export interface KeeperSettings {
  /** Apart from the worker's own. @default 'thread' */
  isolation?: Isolation
  /** What its store holds at most. */
  limits?: Partial<StoreLimits>
  resourceLimits?: ResourceLimits
}

/** Where a program runs a plugin. */
export interface PluginSettings {
  /** `thread` contains exceptions, not memory; a plugin you do not trust runs as a `process`. @default 'thread' */
  isolation?: Isolation
  /** Plugins that name the same worker share it, and may share listeners. @default the plugin's name */
  worker?: string
  resourceLimits?: ResourceLimits
  /**
   * A worker of its own for what is to outlive the plugin's. `false`: the plugin does without, and what it stores ends
   * with its worker. @default as the plugin declares
   */
  keeper?: KeeperSettings | false
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
  readonly keeper: KeeperWish | undefined
}

const MARK = Symbol.for('unisock.plugin')

/** A plugin with the settings a program chose for it: what `createKernel({ plugins })` takes. */
export interface Plugin {
  readonly [MARK]: true
  readonly definition: PluginDefinition
  readonly settings: PluginSettings
  /** What its drivers read as `socket.config`. */
  readonly config?: PluginConfig<any>
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
  /**
   * The plugin uses `socket.store`, for state that is to outlive its worker: it is in a keeper, unless the program says
   * `keeper: false`.
   */
  keeper?: KeeperWish
}

export interface KeeperWish {
  /** What its store must have room for. */
  readonly limits?: Partial<StoreLimits>
  /** A keeper only where the program asks for one; elsewhere the store is in the worker's memory. */
  readonly optional?: boolean
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
    keeper: options.keeper,
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
