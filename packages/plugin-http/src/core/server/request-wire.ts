/**
 * A request as it crosses to the owner.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { RequestWire } from '../wire.ts'

/** The flat array; see {@link RequestWire}. */
export function requestWire(
  request: IncomingMessage,
  body: Uint8Array | true | string | null,
  trailers?: readonly string[],
): RequestWire {
  const wire: RequestWire = [
    request.method!,
    request.url!,
    request.httpVersion,
    request.rawHeaders.join('\n'),
    body,
  ]
  if (trailers && trailers.length > 0) wire.push(trailers.join('\n'))
  return wire
}
