/**
 * Filters of many subscribers: who filters alike shares one, which looks at each publication once.
 * @module
 */
import { compileFilter, type Predicate } from './compile-filter.ts'
import type { Attributes, Filter } from './filter.ts'

const NO_ATTRIBUTES: Attributes = {}

export class SharedFilter {
  readonly #predicate: Predicate
  #last: Attributes | undefined
  #passed = false

  constructor(filter: Filter) {
    this.#predicate = compileFilter(filter)
  }

  /** `attributes` do not change: the same object has the same answer. */
  passes(attributes: Attributes = NO_ATTRIBUTES): boolean {
    if (attributes !== this.#last) {
      this.#passed = this.#predicate(attributes)
      this.#last = attributes
    }
    return this.#passed
  }
}

/** Beyond these they are not looked for any more; those in use stay as they are. */
const MAX_SHARED = 1024
const shared = new Map<string, SharedFilter>()

/** What `checkFilter` let through, compiled once for all who use it. */
export function sharedFilter(filter: Filter): SharedFilter {
  const text = JSON.stringify(filter)
  let found = shared.get(text)
  if (found === undefined) {
    if (shared.size >= MAX_SHARED) shared.clear()
    found = new SharedFilter(filter)
    shared.set(text, found)
  }
  return found
}
