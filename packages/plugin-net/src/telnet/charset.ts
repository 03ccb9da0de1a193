/**
 * Character set (RFC 2066): one side lists what it can, the other chooses.
 * @module
 */
import { type Charset, charsetOf, wireName } from './charsets.ts'

const REQUEST = 1
const ACCEPTED = 2
const REJECTED = 3
const TTABLE_IS = 4
const TTABLE_REJECTED = 5

/** Stands before the list where the sender could do translation tables, with a version byte. */
const TTABLE = '[TTABLE]'

const SEPARATOR = ';'

export const CHARSET_REJECTED = Buffer.of(REJECTED)
export const CHARSET_TTABLE_REJECTED = Buffer.of(TTABLE_REJECTED)

export type CharsetMessage =
  | { readonly type: 'request'; readonly names: readonly string[] }
  | { readonly type: 'accepted'; readonly charset: Charset | undefined }
  | { readonly type: 'rejected' }
  | { readonly type: 'ttable' }

export function encodeCharsetRequest(charsets: readonly Charset[]): Buffer {
  return Buffer.from(`\x01${SEPARATOR}${charsets.map(wireName).join(SEPARATOR)}`, 'latin1')
}

/** The name goes back as it came: peers compare it with what they sent. */
export function encodeCharsetAccepted(name: string): Buffer {
  return Buffer.from(`\x02${name}`, 'latin1')
}

/** Undefined where it is none of RFC 2066's messages. */
export function decodeCharset(payload: Buffer): CharsetMessage | undefined {
  const text = payload.toString('latin1', 1)
  switch (payload[0]) {
    case REQUEST: {
      const list = text.startsWith(TTABLE) ? text.slice(TTABLE.length + 1) : text
      // Some peers send one name and no separator.
      const names = charsetOf(list) ? [list] : list.slice(1).split(list.charAt(0))
      return { type: 'request', names }
    }
    case ACCEPTED:
      return { type: 'accepted', charset: charsetOf(text) }
    case REJECTED:
      return { type: 'rejected' }
    case TTABLE_IS:
      return { type: 'ttable' }
    default:
      return undefined
  }
}

/** The first name of the peer's list that is among ours: the list is in the order of the peer's preference. */
export function chooseCharset(
  names: readonly string[],
  ours: readonly Charset[],
): { readonly name: string; readonly charset: Charset } | undefined {
  for (const name of names) {
    const charset = charsetOf(name)
    if (charset && ours.includes(charset)) return { name, charset }
  }
  return undefined
}
