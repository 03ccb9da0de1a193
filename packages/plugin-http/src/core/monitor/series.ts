/**
 * Counts by route and method: as many series as the program has routes, whatever clients ask for.
 * @module
 */

/** Seconds: the upper bounds of a histogram's buckets. */
export const BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]
/** RFC 9110 section 9.3 and RFC 5789; any other is `other`. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
])
const OTHER = 'other'
/** Routes that have series of their own. */
const MAX_ROUTES = 1000

/** What is known of the requests with one method by one route. */
export class Series {
  readonly method: string
  readonly route: string
  /** By the first digit of the status. */
  readonly statuses = new Float64Array(6)
  /** Not yet added up: those that took no longer than the bound, and longer than the one before. */
  readonly buckets = new Float64Array(BUCKETS.length + 1)
  /** Seconds that all of them took. */
  sum = 0

  constructor(method: string, route: string) {
    this.method = method
    this.route = route
  }

  add(status: number, seconds: number): void {
    this.statuses[Math.floor(status / 100)]!++
    this.sum += seconds
    let bucket = 0
    while (bucket < BUCKETS.length && seconds > BUCKETS[bucket]!) bucket++
    this.buckets[bucket]!++
  }
}

export class SeriesByRoute {
  readonly #routes = new Map<string, Map<string, Series>>()

  of(method: string, route: string): Series {
    const known = METHODS.has(method) ? method : OTHER
    let methods = this.#routes.get(route)
    if (!methods) {
      if (this.#routes.size >= MAX_ROUTES && route !== OTHER) return this.of(method, OTHER)
      methods = new Map()
      this.#routes.set(route, methods)
    }
    let series = methods.get(known)
    if (!series) {
      series = new Series(known, route)
      methods.set(known, series)
    }
    return series
  }

  *[Symbol.iterator](): Generator<Series> {
    for (const methods of this.#routes.values()) yield* methods.values()
  }
}
