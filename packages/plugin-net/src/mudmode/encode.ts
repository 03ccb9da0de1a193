/**
 * Values to mudmode frames: a length of four bytes, the value as LPC text, a NUL that the length counts.
 * @module
 */
import { MudmodeError } from './error.ts'
import { formatFloat } from './float.ts'
import { isLpcClass, isLpcFloat } from './values.ts'

/** FluffOS's `MAX_SAVE_SVALUE_DEPTH`: containers within containers. */
export const MAX_ENCODE_DEPTH = 100

const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 63n - 1n

const NUL = 0x00
const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * One frame, ready to be sent. How JavaScript values map to LPC's stands in `values.ts`.
 *
 * @throws {MudmodeError} `EBADDATA` for nesting deeper than 100 (a cycle is), a number that is not finite, and a string
 * with a NUL, which LPC cannot hold.
 */
export function encode(value: unknown): Buffer {
  const text = format(value, 0)
  const length = Buffer.byteLength(text) + 1
  const frame = Buffer.allocUnsafe(4 + length)
  frame.writeUInt32BE(length, 0)
  frame.write(text, 4)
  frame[frame.length - 1] = NUL
  return frame
}

function format(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return formatString(value)
    case 'number':
      return Number.isSafeInteger(value) ? String(value) : formatFloat(value)
    case 'bigint':
      return value >= MIN_INT && value <= MAX_INT ? String(value) : formatFloat(Number(value))
    case 'boolean':
      return value ? '1' : '0'
    case 'undefined':
      return '0'
    case 'object':
      return value === null ? '0' : formatObject(value, depth)
    default:
      return ''
  }
}

function formatObject(value: object, depth: number): string {
  if (isLpcFloat(value)) return formatFloat(value.value)
  if (Array.isArray(value)) return `({${formatItems(value, nested(depth))}})`
  if (isLpcClass(value)) return `(/${formatItems(value.members, nested(depth))}/)`
  if (value instanceof Map) return `([${formatPairs(value, nested(depth))}])`
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return ''
  return `([${formatPairs(Object.entries(value), nested(depth))}])`
}

function nested(depth: number): number {
  if (depth === MAX_ENCODE_DEPTH)
    throw new MudmodeError('EBADDATA', `mappings and/or arrays nested too deep (${MAX_ENCODE_DEPTH})`)
  return depth + 1
}

function formatItems(items: readonly unknown[], depth: number): string {
  let text = ''
  for (const item of items) text += `${format(item, depth)},`
  return text
}

function formatPairs(pairs: Iterable<[unknown, unknown]>, depth: number): string {
  let text = ''
  for (const [key, item] of pairs) text += `${format(key, depth)}:${format(item, depth)},`
  return text
}

function formatString(value: string): string {
  let text = '"'
  let start = 0
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === LF) {
      text += `${value.slice(start, i)}\r`
      start = i + 1
    } else if (code === QUOTE || code === BACKSLASH || code === CR) {
      text += `${value.slice(start, i)}\\`
      start = i
    } else if (code === NUL) throw new MudmodeError('EBADDATA', 'an LPC string cannot hold a NUL')
  }
  return `${text}${value.slice(start)}"`
}
