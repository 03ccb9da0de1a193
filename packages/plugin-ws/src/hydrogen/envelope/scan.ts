/**
 * Looks through JSON text before anything is made of it: one pass that builds nothing, so that a hostile message costs
 * no more than its length. Whether the text is JSON at all is for `JSON.parse` to say; of what is, this finds every
 * object, array and key.
 * @module
 */
import type { EnvelopeLimits } from './limits.ts'

/** Where the text of the message's `data` lies; both 0 where there is none. */
export interface DataSpan {
  start: number
  end: number
}

export type ScanFault = 'too_deep' | 'too_many_keys' | 'bad_key' | 'invalid_json'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Index of the quote that ends the string whose first character is at `from`; at least the text's length where none does. */
function stringEnd(text: string, from: number): number {
  let at = from
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) break
    if (code === BACKSLASH) at++
  }
  return at
}

/** The key whose characters lie from `start` to `end`, if it is written with escapes. */
function unescaped(text: string, start: number, end: number): string | undefined {
  let at = start
  while (at < end && text.charCodeAt(at) !== BACKSLASH) at++
  if (at === end) return undefined
  try {
    return JSON.parse(text.slice(start - 1, end + 1)) as string
  } catch {
    return undefined
  }
}

/** Keys that reach an object's prototype where a program is careless with them. */
function isBadKey(text: string, start: number, length: number): boolean {
  if (length === 9) return text.startsWith('__proto__', start) || text.startsWith('prototype', start)
  return length === 11 && text.startsWith('constructor', start)
}

/** What is against the limits, and in `data` where the value of the outermost `data` lies; the last one's, as in `JSON.parse`. */
export function scan(text: string, limits: EnvelopeLimits, data: DataSpan): ScanFault | undefined {
  const { maxDepth, maxKeys } = limits
  let depth = 0
  let keys = 0
  let keyStart = 0
  let keyEnd = 0
  let inData = false
  data.start = data.end = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        keyStart = i + 1
        keyEnd = i = stringEnd(text, keyStart)
        if (i >= text.length) return 'invalid_json'
        break
      case COLON: {
        if (++keys > maxKeys) return 'too_many_keys'
        const key = unescaped(text, keyStart, keyEnd)
        const found = key ?? text
        const start = key === undefined ? keyStart : 0
        const length = key === undefined ? keyEnd - keyStart : key.length
        if (isBadKey(found, start, length)) return 'bad_key'
        if (depth !== 1) break
        inData = length === 4 && found.startsWith('data', start)
        if (inData) data.start = i + 1
        break
      }
      case COMMA:
        if (depth !== 1 || !inData) break
        data.end = i
        inData = false
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) return 'too_deep'
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth-- === 1 && inData) {
          data.end = i
          inData = false
        }
    }
  }
  return undefined
}
