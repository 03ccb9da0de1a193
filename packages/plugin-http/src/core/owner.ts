/**
 * HTTP's half in the program's thread.
 * @module
 */
import { isUint8Array } from 'node:util/types'
import { type OwnerHalf, type OwnerPort, SocketError, toSocketError } from '@unisock/kernel/plugin'
import { ensureState, stateOf } from './exchange-state.ts'
import type { HttpMessage } from './message.ts'
import { type CheckedReply, checkReply, type HttpReply, type HttpWrite, isSource } from './reply.ts'
import { HttpRequest } from './request.ts'
import { RequestBody } from './request-body.ts'
import { failureWire, release, StreamedReply } from './stream.ts'
import { FormParts } from './upload/form-parts.ts'
import { PARTS_FOLLOW } from './upload/wire.ts'
import { BODY_BYTES, BODY_TEXT, type BodyWire, type RequestWire, type ResponseWire } from './wire.ts'

/** Receives requests as the given class, and the chunks of their streamed bodies. */
export function receiveAs<R extends HttpMessage>(
  Request: new (wire: any, port: OwnerPort) => R,
): (wire: any, port: OwnerPort, bytes: number) => R | undefined {
  return (wire: RequestWire | BodyWire, port, bytes) => {
    const body = stateOf(port)?.body
    if (body) {
      body.deliver(wire as BodyWire, bytes)
      return undefined
    }
    const request = wire as RequestWire
    if (request[0] === 'HEAD') ensureState(port).head = true
    if (request[4] === true) ensureState(port).body = new RequestBody(port)
    else if (request[4] === PARTS_FOLLOW) ensureState(port).body = new FormParts(port)
    return new Request(request, port)
  }
}

/**
 * Answers an exchange. False: it was answered before, or the client has left.
 *
 * @throws {SocketError} as {@link checkReply} does.
 */
export function sendReply(data: HttpWrite, port: OwnerPort, transfer = false): boolean {
  if (port.ended || stateOf(port)?.replying) return false
  if (typeof data === 'string') return port.sendLast([200, null, data, BODY_TEXT] satisfies ResponseWire)
  if (isUint8Array(data)) return port.sendLast([200, null, data, BODY_BYTES] satisfies ResponseWire, transfer)
  if (typeof data !== 'object' || data === null || Array.isArray(data) || ArrayBuffer.isView(data))
    throw new SocketError(
      'EINVAL',
      'expected a reply ({ status, headers, body, file, trailers }), text, a Uint8Array or a stream',
      {
        fd: port.fd,
        op: 'write',
      },
    )
  return sendChecked(checkReply(isSource(data) ? { body: data } : (data as HttpReply)), port, transfer)
}

/** Answers with a reply that was checked. */
export function sendChecked(reply: CheckedReply, port: OwnerPort, transfer: boolean): boolean {
  const { status, headers, body, source, kind, trailers } = reply
  if (source === undefined && trailers === undefined)
    return port.sendLast([status, headers, body, kind] satisfies ResponseWire, transfer)
  if (stateOf(port)?.head) {
    if (source) release(source)
    return port.sendLast([status, headers, source ? true : body, kind] satisfies ResponseWire)
  }
  if (typeof trailers === 'object') reply.headers = announce(headers, trailers)
  void new StreamedReply(port, reply, source ?? once(body)).run()
  return true
}

/** RFC 9110 section 6.6.2: a sender should say which trailer fields follow. */
function announce(headers: string[] | null, trailers: object): string[] {
  return [...(headers ?? []), 'Trailer', Object.keys(trailers).join(', ')]
}

async function* once(body: string | Uint8Array | null): AsyncGenerator<string | Uint8Array> {
  if (body !== null) yield body
}

/** A handler threw: 500, or 400 for a body that it could not read as JSON. */
function answerFailure(error: unknown, port: OwnerPort): boolean {
  if (port.ended || stateOf(port)?.replying) return false
  const { code, status } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown
    status?: unknown
  }
  if (code === 'EPROTO' && status === 400) return port.sendLast(failureWire(400))
  port.sendLast(failureWire(500))
  port.report(toSocketError(error, 'ECANCELED', { fd: port.fd }))
  return true
}

/** HTTP_SERVER's and HTTPS_SERVER's owner half. */
export const httpOwner: OwnerHalf = {
  receive: receiveAs(HttpRequest),
  send: sendReply,
  failure: answerFailure,
}
