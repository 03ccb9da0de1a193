/**
 * Latencies, counted in buckets that never change: recording allocates nothing and histograms can be summed.
 * @module
 */

/** Upper bounds in milliseconds. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000,
]

export interface HistogramSnapshot {
  readonly bounds: readonly number[]
  /** How many values were in each bucket; one more than there are bounds, the last for what is above them all. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
}

export class Histogram {
  readonly bounds: readonly number[]
  readonly #counts: Float64Array
  #count = 0
  #sum = 0

  /** `bounds` ascend; a value is counted in the first bucket whose bound is not below it. */
  constructor(bounds: readonly number[] = LATENCY_BOUNDS) {
    for (let i = 1; i < bounds.length; i++)
      if (!(bounds[i]! > bounds[i - 1]!)) throw new RangeError('The bounds of a histogram ascend')
    this.bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  get count(): number {
    return this.#count
  }

  record(value: number): void {
    let low = 0
    let high = this.bounds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.bounds[middle]! < value) low = middle + 1
      else high = middle
    }
    this.#counts[low] = this.#counts[low]! + 1
    this.#count++
    this.#sum += value
  }

  /**
   * The bound below which the share `q` of all values lies; infinite where that is the last bucket, and NaN where
   * nothing was recorded.
   */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN
    const rank = Math.max(1, Math.ceil(q * this.#count))
    let seen = 0
    for (let i = 0; i < this.bounds.length; i++) {
      seen += this.#counts[i]!
      if (seen >= rank) return this.bounds[i]!
    }
    return Number.POSITIVE_INFINITY
  }

  snapshot(): HistogramSnapshot {
    return { bounds: this.bounds, counts: Array.from(this.#counts), count: this.#count, sum: this.#sum }
  }
}
