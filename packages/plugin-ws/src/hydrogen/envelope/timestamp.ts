/**
 * The form of a timestamp: ISO 8601's extended format with date, time and offset, as in RFC 3339 section 5.6.
 * @module
 */

/** Where a form has 0, a digit is. */
const DATE_TIME = '0000-00-00T00:00:00'
const OFFSET = '00:00'

/** Digits of a fraction of a second. */
const MAX_FRACTION = 9

const DOT = 0x2e
const PLUS = 0x2b
const MINUS = 0x2d
const UPPER_Z = 0x5a

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

function hasForm(text: string, from: number, form: string): boolean {
  for (let i = 0; i < form.length; i++) {
    const expected = form.charCodeAt(i)
    const code = text.charCodeAt(from + i)
    if (expected === 0x30 ? !isDigit(code) : code !== expected) return false
  }
  return true
}

/** Whether the text looks like `2025-02-26T18:45:00.000Z`; there may be no such day. */
export function isTimestamp(text: string): boolean {
  if (!hasForm(text, 0, DATE_TIME)) return false
  let at = DATE_TIME.length
  if (text.charCodeAt(at) === DOT) {
    const first = ++at
    while (isDigit(text.charCodeAt(at))) at++
    if (at === first || at - first > MAX_FRACTION) return false
  }
  const zone = text.charCodeAt(at++)
  if (zone === UPPER_Z) return at === text.length
  if (zone !== PLUS && zone !== MINUS) return false
  return at + OFFSET.length === text.length && hasForm(text, at, OFFSET)
}
