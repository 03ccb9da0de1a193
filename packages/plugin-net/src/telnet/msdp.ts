/**
 * MUD server data protocol: variables whose values are text, arrays and tables.
 * @module
 */

const VAR = 1
const VAL = 2
const TABLE_OPEN = 3
const TABLE_CLOSE = 4
const ARRAY_OPEN = 5
const ARRAY_CLOSE = 6

export type MsdpValue = string | MsdpValue[] | { [name: string]: MsdpValue }
export type MsdpInput =
  | string
  | number
  | boolean
  | readonly MsdpInput[]
  | { readonly [name: string]: MsdpInput }

/** Deeper values are cut off: no client needs more, and what passes it on may recurse. */
const MAX_DEPTH = 32

/** Booleans are sent as 1 and 0. The bytes 0 to 6 have no escape and are left out. */
export function encodeMsdp(values: { readonly [name: string]: MsdpInput }): Buffer {
  return Buffer.from(formatTable(values, 0))
}

function formatTable(values: { readonly [name: string]: MsdpInput }, depth: number): string {
  let text = ''
  for (const [name, value] of Object.entries(values))
    text += `\x01${withoutMarks(name)}\x02${formatValue(value, depth + 1)}`
  return text
}

/** @throws {TypeError} for null, and for nesting deeper than {@link MAX_DEPTH}: a cycle is. */
function formatValue(value: MsdpInput, depth: number): string {
  if (typeof value === 'boolean') return String(Number(value))
  if (value === null || value === undefined) throw new TypeError(`MSDP has no ${value}`)
  if (typeof value !== 'object') return withoutMarks(String(value))
  if (depth > MAX_DEPTH) throw new TypeError(`MSDP values nested deeper than ${MAX_DEPTH}`)
  if (!Array.isArray(value)) return `\x03${formatTable(value as { [name: string]: MsdpInput }, depth)}\x04`
  return `\x05${value.map(item => `\x02${formatValue(item, depth + 1)}`).join('')}\x06`
}

function withoutMarks(text: string): string {
  let result = ''
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > ARRAY_CLOSE) continue
    result += text.slice(start, i)
    start = i + 1
  }
  return result + text.slice(start)
}

/** The variables; a variable with several values is an array. Undefined for a payload that is malformed or too deep. */
export function decodeMsdp(payload: Buffer): Record<string, MsdpValue> | undefined {
  const reader = new Reader(payload)
  const values = reader.variables(0)
  return values && reader.isAtEnd ? values : undefined
}

/** Undefined stands for an error. The depth limit bounds the recursion. */
class Reader {
  readonly #payload: Buffer
  #at = 0

  constructor(payload: Buffer) {
    this.#payload = payload
  }

  get isAtEnd(): boolean {
    return this.#at === this.#payload.length
  }

  variables(depth: number): Record<string, MsdpValue> | undefined {
    const values: Record<string, MsdpValue> = Object.create(null)
    while (this.#payload[this.#at] === VAR) {
      this.#at++
      const name = this.#text()
      const several = this.#values(depth)
      if (several === undefined) return undefined
      values[name] = several.length === 1 ? several[0]! : several.length === 0 ? '' : several
    }
    return values
  }

  #values(depth: number): MsdpValue[] | undefined {
    const values: MsdpValue[] = []
    while (this.#payload[this.#at] === VAL) {
      this.#at++
      const value = this.#value(depth)
      if (value === undefined) return undefined
      values.push(value)
    }
    return values
  }

  #value(depth: number): MsdpValue | undefined {
    const mark = this.#payload[this.#at]
    if (mark !== TABLE_OPEN && mark !== ARRAY_OPEN) return this.#text()
    if (depth === MAX_DEPTH) return undefined
    this.#at++
    const value = mark === TABLE_OPEN ? this.variables(depth + 1) : this.#values(depth + 1)
    const close = this.#payload[this.#at++]
    return close === (mark === TABLE_OPEN ? TABLE_CLOSE : ARRAY_CLOSE) ? value : undefined
  }

  #text(): string {
    const start = this.#at
    while (this.#at < this.#payload.length && this.#payload[this.#at]! > ARRAY_CLOSE) this.#at++
    return this.#payload.toString('utf8', start, this.#at)
  }
}
