/**
 * Filters on the attributes of publications: what a subscriber writes, checked before it is used.
 *
 * ```json
 * { "and": [{ "attr": "level", "op": "gte", "value": 3 }, { "not": { "attr": "zone", "op": "in", "value": ["a", "b"] } }] }
 * ```
 * @module
 */

export type AttributeValue = string | number | boolean

/** What is known of a publication besides its data. */
export type Attributes = Readonly<Record<string, AttributeValue>>

export type FilterOperator = 'eq' | 'neq' | 'in' | 'nin' | 'exists' | 'gt' | 'gte' | 'lt' | 'lte' | 'prefix'

export type Filter =
  | { readonly attr: string; readonly op: 'eq' | 'neq'; readonly value: AttributeValue }
  | { readonly attr: string; readonly op: 'in' | 'nin'; readonly value: readonly AttributeValue[] }
  | { readonly attr: string; readonly op: 'gt' | 'gte' | 'lt' | 'lte'; readonly value: string | number }
  | { readonly attr: string; readonly op: 'prefix'; readonly value: string }
  | { readonly attr: string; readonly op: 'exists' }
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly not: Filter }

export interface FilterLimits {
  /** Comparisons and connectives together. */
  maxNodes: number
  maxDepth: number
  /** Values of one `in` or `nin`. */
  maxValues: number
  /** Characters of an attribute's name or a value. */
  maxLength: number
}

export const DEFAULT_FILTER_LIMITS: Readonly<FilterLimits> = {
  maxNodes: 64,
  maxDepth: 8,
  maxValues: 64,
  maxLength: 256,
}

type Mapping = Record<string, unknown>

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A filter that was not understood, and where: `and[1].value`. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
  readonly code = 'bad_filter'
  readonly path: string

  constructor(path: string, problem: string) {
    super(path === '' ? problem : `${path}: ${problem}`)
    this.path = path
  }
}

/** Checks one filter. */
class Checker {
  readonly #limits: FilterLimits
  #nodes = 0

  constructor(limits: FilterLimits) {
    this.#limits = limits
  }

  check(filter: unknown, path: string, depth: number): void {
    const { maxNodes, maxDepth } = this.#limits
    if (!isMapping(filter)) throw new FilterError(path, 'expected a mapping')
    if (depth > maxDepth) throw new FilterError(path, `nested deeper than ${maxDepth}`)
    if (++this.#nodes > maxNodes) throw new FilterError(path, `more than ${maxNodes} conditions`)
    const keys = Object.keys(filter)
    if (Object.hasOwn(filter, 'attr')) return this.#comparison(filter, keys, path)
    const [connective] = keys
    if (keys.length !== 1) throw new FilterError(path, 'expected one of attr, and, or, not')
    const at = path === '' ? connective! : `${path}.${connective}`
    const inner = filter[connective!]
    if (connective === 'not') return this.check(inner, at, depth + 1)
    if (connective !== 'and' && connective !== 'or')
      throw new FilterError(path, 'expected one of attr, and, or, not')
    if (!Array.isArray(inner) || inner.length === 0) throw new FilterError(at, 'expected filters')
    for (const [i, one] of inner.entries()) this.check(one, `${at}[${i}]`, depth + 1)
  }

  #comparison(filter: Mapping, keys: readonly string[], path: string): void {
    const { attr, op, value } = filter
    for (const key of keys)
      if (key !== 'attr' && key !== 'op' && key !== 'value') throw new FilterError(path, `unknown key ${key}`)
    if (typeof attr !== 'string' || attr === '' || attr.length > this.#limits.maxLength)
      throw new FilterError(path, 'attr: expected a name')
    const problem = this.#problem(op, value)
    if (problem !== undefined) throw new FilterError(path, problem)
  }

  #problem(op: unknown, value: unknown): string | undefined {
    const { maxValues } = this.#limits
    switch (op) {
      case 'eq':
      case 'neq':
        return this.#isValue(value) ? undefined : 'value: expected a string, a number or a boolean'
      case 'in':
      case 'nin':
        if (!Array.isArray(value) || value.length === 0 || value.length > maxValues)
          return `value: expected 1 to ${maxValues} values`
        return value.every(one => this.#isValue(one))
          ? undefined
          : 'value: expected strings, numbers or booleans'
      case 'gt':
      case 'gte':
      case 'lt':
      case 'lte':
        return typeof value !== 'boolean' && this.#isValue(value)
          ? undefined
          : 'value: expected a string or a number'
      case 'prefix':
        return typeof value === 'string' && this.#isValue(value) ? undefined : 'value: expected a string'
      case 'exists':
        return value === undefined ? undefined : 'value: exists has none'
      default:
        return 'op: unknown'
    }
  }

  #isValue(value: unknown): boolean {
    if (typeof value === 'string') return value.length <= this.#limits.maxLength
    return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  }
}

/**
 * The filter, if it is one and keeps to the limits.
 *
 * @throws {FilterError} which says where it is not.
 */
export function checkFilter(filter: unknown, limits: FilterLimits = DEFAULT_FILTER_LIMITS): Filter {
  new Checker(limits).check(filter, '', 1)
  return filter as Filter
}
