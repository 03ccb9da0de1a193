/**
 * What a socket option is to the kernel.
 * @module
 */
import type { Option, TypeToken } from '../types.ts'

/** A JSON schema. `{ isFunction: true }` stands for a function, which crosses the link as an id. */
export type Schema = Readonly<Record<string, unknown>>

export interface OptionDefinition {
  readonly number: number
  readonly name: string
  readonly family: string
  readonly schema: Schema
  /** The modes that take it; all of its family where absent. */
  readonly modes?: readonly number[]
  /** `always`, or only before `bind` (or `connect`), or never: the worker or the kernel sets it. */
  readonly when: 'always' | 'before-bind' | 'read-only'
  /** What a restarted worker is given: the last value, one value a key, or nothing. */
  readonly journal: 'replace' | 'append' | 'action'
  /** For `append`: values of the same key replace each other. */
  readonly key?: (value: any) => string
  readonly default?: unknown
  /** Reads back as `'[redacted]'`; never logged. */
  readonly secret: boolean
  /** What the schema cannot say; throws a plain Error with a message for the reader. */
  readonly check?: (value: any) => void
  /** The value as it crosses to the worker, with its functions in place; the value itself where absent. */
  readonly normalize?: (value: any) => unknown
}

const REGISTRY = Symbol.for('unisock.options')
type Registry = Map<string, OptionDefinition>
const registry: Registry = ((globalThis as any)[REGISTRY] ??= new Map())

export interface OptionOptions<T, F extends string> {
  number: number
  name: string
  family: F
  schema: Schema
  value: TypeToken<T>
  modes?: readonly number[]
  /** @default 'always' */
  when?: OptionDefinition['when']
  /** @default 'replace' */
  journal?: OptionDefinition['journal']
  key?: (value: T) => string
  default?: NoInfer<T>
  secret?: boolean
  check?: (value: T) => void
  normalize?: (value: T) => unknown
}

/**
 * Defines a socket option; the result is the option's number.
 *
 * @example
 * export const ECHO_UPPER = defineOption({
 *   number: 500, name: 'ECHO_UPPER', family: 'echo', schema: { type: 'boolean' }, value: type<boolean>(), default: false,
 * })
 */
export function defineOption<T, const F extends string>(options: OptionOptions<T, F>): Option<T, F> {
  const { value: _typeOnly, when = 'always', journal = 'replace', secret = false, ...rest } = options
  const definition = { ...rest, when, journal, secret } as OptionDefinition
  registry.set(`${definition.number} ${definition.name}`, definition)
  return definition.number as Option<T, F>
}

export function findOption(number: number, name: string): OptionDefinition | undefined {
  return registry.get(`${number} ${name}`)
}
