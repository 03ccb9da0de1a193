/**
 * Cache-Control (RFC 9111 section 5.2).
 * @module
 */

/** 2³¹: what RFC 9111 section 1.2.2 has a cache take for anything longer. */
const LONGEST = 2 ** 31

export class Directives {
  readonly #values: ReadonlyMap<string, string | true>

  constructor(header: string | undefined) {
    this.#values = header === undefined ? NONE : parse(header)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Whether a directive is there for the whole response, and not for the fields it lists. */
  isWhole(name: string): boolean {
    return this.#values.get(name) === true
  }

  /** The fields that a directive lists, in lower case. */
  fieldsOf(name: string): string[] {
    const value = this.#values.get(name)
    if (typeof value !== 'string') return []
    return value
      .split(',')
      .map(field => field.trim().toLowerCase())
      .filter(field => field !== '')
  }

  /** Seconds of a directive; of one that is no number 0, as RFC 9111 section 4.2.1 encourages: then it is stale. */
  seconds(name: string): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    return value !== true && /^\d+$/.test(value) ? Math.min(Number(value), LONGEST) : 0
  }
}

const NONE: ReadonlyMap<string, string | true> = new Map()

/** Of a directive that is given twice the stricter one holds: the smaller number, and the whole instead of fields. */
function parse(header: string): Map<string, string | true> {
  const values = new Map<string, string | true>()
  for (const item of items(header)) {
    const equals = item.indexOf('=')
    const name = (equals < 0 ? item : item.slice(0, equals)).toLowerCase()
    const value = equals < 0 ? true : unquote(item.slice(equals + 1))
    const before = values.get(name)
    values.set(name, before === undefined ? value : stricter(before, value))
  }
  return values
}

function stricter(a: string | true, b: string | true): string | true {
  if (a === true || b === true) return true
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) return Number(a) < Number(b) ? a : b
  return `${a},${b}`
}

/** Cuts at commas that are not within quotes. */
function* items(header: string): Generator<string> {
  let quoted = false
  let from = 0
  for (let i = 0; i <= header.length; i++) {
    const char = header[i]
    if (char === '\\' && quoted) i++
    else if (char === '"') quoted = !quoted
    else if (i >= header.length || (char === ',' && !quoted)) {
      const item = header.slice(from, i).trim()
      if (item !== '') yield item
      from = i + 1
    }
  }
  const rest = header.slice(from).trim()
  if (rest !== '') yield rest
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value
  return value.slice(1, -1).replace(/\\(.)/g, '$1')
}
