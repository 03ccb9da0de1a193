/**
 * The content codings of responses (RFC 9110 section 8.4.1).
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import {
  CodedBody,
  type Decoded,
  isKnownCoding,
  listCodings,
  MAX_CODINGS,
} from '../../core/decompress/coded-body.ts'

export type { Decoded }

/** What is asked for where a request does not say. */
export const ACCEPT_ENCODING = 'gzip, deflate, br'

/**
 * The codings to undo, the outermost first; empty where there is none that is known.
 *
 * @throws {SocketError} `EPROTO` for too many
 */
export function codingsOf(contentEncoding: string | undefined): string[] {
  if (contentEncoding === undefined) return []
  const codings = listCodings(contentEncoding)
  if (codings.length > MAX_CODINGS)
    throw new SocketError('EPROTO', `the response was encoded ${codings.length} times over`, {
      op: 'request',
    })
  return codings.every(isKnownCoding) ? codings.toReversed() : []
}

/** A response's body on its way through its decoders. */
export class Decoding extends CodedBody {
  constructor(codings: readonly string[], to: Decoded) {
    super(
      codings,
      to,
      (reason, cause) =>
        new SocketError('EPROTO', `the response's body is ${reason}`, { op: 'request', cause }),
    )
  }
}
