/**
 * A checked filter as a function.
 * @module
 */
import type { Attributes, AttributeValue, Filter } from './filter.ts'

export type Predicate = (attributes: Attributes) => boolean

function attribute(attributes: Attributes, name: string): AttributeValue | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined
}

/** Compares what is of one type; nothing else is in any order. */
function order(
  attr: string,
  bound: string | number,
  holds: (value: string | number, bound: string | number) => boolean,
): Predicate {
  const type = typeof bound
  return attributes => {
    const value = attribute(attributes, attr)
    return typeof value === type && holds(value as string | number, bound)
  }
}

/**
 * Compiles what `checkFilter` let through. An attribute that is missing equals nothing: `neq` and `nin` hold, the other
 * comparisons do not. Strings are ordered by their UTF-16 units. Calling the predicate allocates nothing.
 */
export function compileFilter(filter: Filter): Predicate {
  if ('and' in filter) {
    const all = filter.and.map(compileFilter)
    return attributes => {
      for (let i = 0; i < all.length; i++) if (!all[i]!(attributes)) return false
      return true
    }
  }
  if ('or' in filter) {
    const any = filter.or.map(compileFilter)
    return attributes => {
      for (let i = 0; i < any.length; i++) if (any[i]!(attributes)) return true
      return false
    }
  }
  if ('not' in filter) {
    const inner = compileFilter(filter.not)
    return attributes => !inner(attributes)
  }
  const { attr } = filter
  switch (filter.op) {
    case 'eq': {
      const { value } = filter
      return attributes => attribute(attributes, attr) === value
    }
    case 'neq': {
      const { value } = filter
      return attributes => attribute(attributes, attr) !== value
    }
    case 'in': {
      const values = new Set<AttributeValue | undefined>(filter.value)
      return attributes => values.has(attribute(attributes, attr))
    }
    case 'nin': {
      const values = new Set<AttributeValue | undefined>(filter.value)
      return attributes => !values.has(attribute(attributes, attr))
    }
    case 'exists':
      return attributes => Object.hasOwn(attributes, attr)
    case 'gt':
      return order(attr, filter.value, (value, bound) => value > bound)
    case 'gte':
      return order(attr, filter.value, (value, bound) => value >= bound)
    case 'lt':
      return order(attr, filter.value, (value, bound) => value < bound)
    case 'lte':
      return order(attr, filter.value, (value, bound) => value <= bound)
    case 'prefix': {
      const { value: prefix } = filter
      return attributes => {
        const value = attribute(attributes, attr)
        return typeof value === 'string' && value.startsWith(prefix)
      }
    }
  }
}
