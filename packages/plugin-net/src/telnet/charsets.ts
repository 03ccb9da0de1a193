/**
 * The character sets of a telnet session's text.
 * @module
 */
import { StringDecoder } from 'node:string_decoder'

export type Charset = 'utf-8' | 'latin1' | 'ascii'

/** IANA's names and the ones peers use. */
const NAMES: Readonly<Record<string, Charset>> = {
  'UTF-8': 'utf-8',
  UTF8: 'utf-8',
  'ISO-8859-1': 'latin1',
  'ISO_8859-1': 'latin1',
  'ISO8859-1': 'latin1',
  'LATIN-1': 'latin1',
  LATIN1: 'latin1',
  'US-ASCII': 'ascii',
  ASCII: 'ascii',
}

const WIRE_NAMES: Readonly<Record<Charset, string>> = {
  'utf-8': 'UTF-8',
  latin1: 'ISO-8859-1',
  ascii: 'US-ASCII',
}

export function charsetOf(name: string): Charset | undefined {
  const key = name.trim().toUpperCase()
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined
}

/** IANA's name. */
export function wireName(charset: Charset): string {
  return WIRE_NAMES[charset]
}

const MAX_CODE = { latin1: 0xff, ascii: 0x7f } as const

/** Characters that the set lacks become `?`. */
export function encodeText(text: string, charset: Charset): Buffer {
  if (charset === 'utf-8') return Buffer.from(text, 'utf8')
  const max = MAX_CODE[charset]
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!
    if (code > 0xffff) i++
    bytes[length++] = code > max ? 0x3f : code
  }
  return bytes.subarray(0, length)
}

/** Decodes a stream: a character split between chunks survives, and what is none becomes U+FFFD. */
export class TextDecoding {
  readonly charset: Charset
  readonly #utf8: StringDecoder | undefined

  constructor(charset: Charset) {
    this.charset = charset
    this.#utf8 = charset === 'utf-8' ? new StringDecoder('utf8') : undefined
  }

  write(bytes: Buffer): string {
    if (this.#utf8) return this.#utf8.write(bytes)
    const text = bytes.toString('latin1')
    return this.charset === 'latin1' ? text : onlyAscii(text)
  }

  /** U+FFFD where the stream ends within a character. */
  end(): string {
    return this.#utf8?.end() ?? ''
  }
}

function onlyAscii(text: string): string {
  let result = ''
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) <= MAX_CODE.ascii) continue
    result += `${text.slice(start, i)}\ufffd`
    start = i + 1
  }
  return result + text.slice(start)
}
