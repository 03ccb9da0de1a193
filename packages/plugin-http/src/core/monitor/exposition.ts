/**
 * Metrics as text: Prometheus's format (version 0.0.4) and OpenMetrics (version 1.0.0).
 * @module
 */

export const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

export type Labels = Readonly<Record<string, string>>

/** Writes families of samples one after another. */
export class Exposition {
  readonly #isOpen: boolean
  /** Labels of every sample, ready to be written. */
  readonly #common: string
  #text = ''
  #name = ''

  constructor(isOpen: boolean, common: Labels) {
    this.#isOpen = isOpen
    this.#common = joined(common)
  }

  /** A family of counters; `name` without `_total`. */
  counter(name: string, help: string): this {
    const family = this.#isOpen ? name : `${name}_total`
    this.#begin(family, 'counter', help)
    this.#name = `${name}_total`
    return this
  }

  gauge(name: string, help: string): this {
    this.#begin(name, 'gauge', help)
    return this
  }

  histogram(name: string, help: string): this {
    this.#begin(name, 'histogram', help)
    return this
  }

  /** A sample of the family that was begun last. */
  sample(value: number, labels: Labels = {}): this {
    this.#write(this.#name, labels, value)
    return this
  }

  /** The samples of a histogram: `counts` of each bucket for itself, the last without a bound. */
  buckets(bounds: readonly number[], counts: ArrayLike<number>, sum: number, labels: Labels): this {
    let total = 0
    for (const [i, bound] of bounds.entries()) {
      total += counts[i]!
      this.#write(`${this.#name}_bucket`, { ...labels, le: this.#bound(bound) }, total)
    }
    total += counts[bounds.length]!
    this.#write(`${this.#name}_bucket`, { ...labels, le: '+Inf' }, total)
    this.#write(`${this.#name}_sum`, labels, sum)
    this.#write(`${this.#name}_count`, labels, total)
    return this
  }

  /** All of it. */
  end(): string {
    return this.#isOpen ? `${this.#text}# EOF\n` : this.#text
  }

  #begin(name: string, type: string, help: string): void {
    this.#name = name
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  }

  #write(name: string, labels: Labels, value: number): void {
    const own = joined(labels)
    const all = own === '' || this.#common === '' ? own + this.#common : `${this.#common},${own}`
    this.#text += `${name}${all === '' ? '' : `{${all}}`} ${value}\n`
  }

  /** OpenMetrics has its numbers canonical: those that are whole with a point. */
  #bound(bound: number): string {
    return this.#isOpen && Number.isInteger(bound) ? `${bound}.0` : String(bound)
  }
}

function joined(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** Whether a client asks for OpenMetrics rather than for plain text (RFC 9110 section 12.5.1). */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  if (accept === undefined) return false
  let open = 0
  let plain = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    const quality = weight === undefined ? 1 : Number(weight.slice(2))
    if (type === 'application/openmetrics-text') open = Math.max(open, quality)
    else if (type === 'text/plain' || type === 'text/*' || type === '*/*') plain = Math.max(plain, quality)
  }
  return open > 0 && open >= plain
}
