/**
 * LPC text to values, by FluffOS's `restore_svalue` rules.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { LpcClass, type LpcValue } from './values.ts'

/** What FluffOS reads at most: containers within containers. */
export const MAX_DECODE_DEPTH = 101

export interface ParseRules {
  /** Accept what known peers send and FluffOS does not: `({,})` and `([,])` as empty, Latin-1 where UTF-8 is invalid. */
  readonly tolerant: boolean
  /** Elements of an array or members of a class. */
  readonly maxArray: number
  /** Pairs of a mapping. */
  readonly maxMapping: number
}

const NUL = 0x00
const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const OPEN = 0x28
const CLOSE = 0x29
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const LOWER_E = 0x65
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 63n - 1n
const LONGEST_INT = String(MIN_INT).length

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

/** The value of a payload, up to its first NUL; undefined where it has none. */
export function parse(payload: Buffer, rules: ParseRules): LpcValue | undefined {
  const end = payload.indexOf(NUL)
  return new Parser(end < 0 ? payload : payload.subarray(0, end), rules).top()
}

/** Undefined stands for an error in all of these: no value is undefined. The depth limit bounds the recursion. */
class Parser {
  readonly #text: Buffer
  readonly #rules: ParseRules
  #at = 0
  #depth = 0
  /** Where escaped strings are put together: one for all, as each may be as long as the rest of the text. */
  #scratch: Buffer | undefined

  constructor(text: Buffer, rules: ParseRules) {
    this.#text = text
    this.#rules = rules
  }

  top(): LpcValue | undefined {
    const first = this.#text[0]
    if (first === QUOTE) {
      const text = this.#string()
      return this.#at === this.#text.length ? text : undefined
    }
    if (first === OPEN) return this.#container()
    return first === MINUS || isDigit(first) ? this.#number() : 0
  }

  /** One slot of a container, and the mark behind it. */
  #slot(mark: number): LpcValue | undefined {
    const first = this.#text[this.#at]
    const value =
      first === mark
        ? 0
        : first === QUOTE
          ? this.#string()
          : first === OPEN
            ? this.#container()
            : first === MINUS || isDigit(first)
              ? this.#number()
              : undefined
    return this.#text[this.#at++] === mark ? value : undefined
  }

  #container(): LpcValue | undefined {
    if (this.#depth === MAX_DECODE_DEPTH) return undefined
    this.#depth++
    const kind = this.#text[this.#at + 1]
    this.#at += 2
    let value: LpcValue | undefined
    if (kind === OPEN_BRACE) value = this.#items(CLOSE_BRACE)
    else if (kind === OPEN_BRACKET) value = this.#mapping()
    else if (kind === SLASH) {
      const members = this.#items(SLASH)
      value = members && new LpcClass(members)
    }
    this.#depth--
    return value
  }

  #items(close: number): LpcValue[] | undefined {
    const items: LpcValue[] = []
    if (close === CLOSE_BRACE) this.#skipLoneComma(close)
    while (this.#text[this.#at] !== close) {
      const item = this.#slot(COMMA)
      if (item === undefined || items.length === this.#rules.maxArray) return undefined
      items.push(item)
    }
    return this.#closed() ? items : undefined
  }

  #mapping(): LpcValue | undefined {
    const pairs = new Map<LpcValue, LpcValue>()
    let onlyStrings = true
    this.#skipLoneComma(CLOSE_BRACKET)
    while (this.#text[this.#at] !== CLOSE_BRACKET) {
      const key = this.#slot(COLON)
      if (key === undefined) return undefined
      const item = this.#slot(COMMA)
      if (item === undefined) return undefined
      if (typeof key !== 'string') onlyStrings = false
      pairs.set(key, item)
      if (pairs.size > this.#rules.maxMapping) return undefined
    }
    if (!this.#closed()) return undefined
    if (!onlyStrings) return pairs
    const mapping: Record<string, LpcValue> = Object.create(null)
    for (const [key, item] of pairs) mapping[key as string] = item
    return mapping
  }

  /** Takes the two bytes that end a container. */
  #closed(): boolean {
    this.#at += 2
    return this.#text[this.#at - 1] === CLOSE
  }

  #skipLoneComma(close: number): void {
    if (!this.#rules.tolerant || this.#text[this.#at] !== COMMA) return
    if (this.#text[this.#at + 1] === close && this.#text[this.#at + 2] === CLOSE) this.#at++
  }

  #string(): string | undefined {
    const text = this.#text
    const start = ++this.#at
    while (this.#at < text.length) {
      const byte = text[this.#at]!
      if (byte === QUOTE) return this.#decoded(text.subarray(start, this.#at++))
      if (byte === BACKSLASH || byte === CR) return this.#escapedString(start)
      this.#at++
    }
    return undefined
  }

  #escapedString(start: number): string | undefined {
    const text = this.#text
    const bytes = (this.#scratch ??= Buffer.allocUnsafe(text.length))
    let length = text.copy(bytes, 0, start, this.#at)
    while (this.#at < text.length) {
      let byte = text[this.#at++]!
      if (byte === QUOTE) return this.#decoded(bytes.subarray(0, length))
      if (byte === CR) byte = LF
      else if (byte === BACKSLASH) {
        if (this.#at === text.length) return undefined
        byte = text[this.#at++]!
      }
      bytes[length++] = byte
    }
    return undefined
  }

  #decoded(bytes: Buffer): string | undefined {
    if (isUtf8(bytes)) return bytes.toString('utf8')
    return this.#rules.tolerant ? bytes.toString('latin1') : undefined
  }

  /** `-`? digits, then `.` digits for a float, then `e+` or `e-` digits. */
  #number(): number | bigint | undefined {
    const text = this.#text
    const start = this.#at
    if (text[this.#at] === MINUS) this.#at++
    if (!isDigit(text[this.#at])) return undefined
    this.#digits()
    let isFloat = false
    if (text[this.#at] === DOT) {
      isFloat = true
      this.#at++
      if (this.#at < text.length && !isDigit(text[this.#at])) return undefined
      this.#digits()
    }
    if (text[this.#at] === LOWER_E) {
      isFloat = true
      const sign = text[++this.#at]
      if (sign !== PLUS && sign !== MINUS) return undefined
      this.#at++
      const exponent = this.#at
      this.#digits()
      if (this.#at === exponent) return Number(text.toString('latin1', start, exponent - 2))
    }
    const digits = text.toString('latin1', start, this.#at)
    const value = Number(digits)
    if (isFloat || !Number.isInteger(value)) return value
    if (Number.isSafeInteger(value)) return value + 0
    if (digits.length > LONGEST_INT) return value
    const exact = BigInt(digits)
    return exact >= MIN_INT && exact <= MAX_INT ? exact : value
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at])) this.#at++
  }
}
