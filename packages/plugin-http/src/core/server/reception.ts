/**
 * What becomes of a request whose turn it is: the worker answers it by itself, or it is served.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Monitor } from '../monitor/monitor.ts'
import type { ProtocolFailure } from './client-errors.ts'
import type { HttpConnection } from './connection.ts'
import { answerHealthCheck, isHealthCheck } from './health.ts'
import { IncomingMessage as ParsedMessage } from './node-http.ts'
import type { HttpResponse } from './response.ts'
import type { HttpSettings } from './settings.ts'
import { connectionOf } from './tracking.ts'

/** A request that is to be served: what a plugin does with it. */
export type RequestListener = (
  request: IncomingMessage,
  response: HttpResponse,
  connection: HttpConnection,
) => void

export interface ReceivingListener {
  readonly settings: HttpSettings
  readonly monitor: Monitor
  readonly draining: boolean
}

/** Receives the requests of a listener. */
export function reception(
  listener: ReceivingListener,
  onRequest: RequestListener,
): (request: IncomingMessage, response: HttpResponse) => void {
  const { monitor, settings } = listener
  return (request, response) => {
    const { healthPath, door, folders } = settings
    const { balance } = door.settings
    const connection = connectionOf(request.socket)!
    response.finishing = settings.finishing
    if (response.framed) door.admit(request, connection.addr)
    monitor.starts(connection, request, response)
    const fault = isParsed(request) ? faultOf(request) : undefined
    if (fault) {
      connection.refuse(response, fault)
    } else if (healthPath !== undefined && isHealthCheck(request.url!, healthPath)) {
      answerHealthCheck(request, response, listener.draining)
    } else if (balance?.health !== undefined && isHealthCheck(request.url!, balance.health)) {
      answerHealthCheck(request, response, listener.draining || balance.drain === true)
    } else if (!monitor.answers(request, response, connection)) {
      const cookie = door.cookie(request)
      if (cookie !== undefined) response.add('Set-Cookie', cookie)
      if (folders === undefined) onRequest(request, response, connection)
      else
        folders.serve(request, response, connection.listener, () => onRequest(request, response, connection))
    }
  }
}

const NO_HOST: ProtocolFailure = { status: 400, code: 'HOST', detail: 'A request has exactly one Host.' }
const NO_CHUNKS: ProtocolFailure = {
  status: 400,
  code: 'TRANSFER_ENCODING',
  detail: 'HTTP/1.0 has no Transfer-Encoding.',
}
const NO_VERSION: ProtocolFailure = {
  status: 505,
  code: 'VERSION',
  detail: 'This is for HTTP/1.1 and HTTP/1.0.',
}

/** Whether node:http's parser has made it: FastCGI and HTTP/2 have requests of their own, which cannot be so. */
function isParsed(request: IncomingMessage): boolean {
  return request.constructor === ParsedMessage
}

/** What node:http lets pass, and another reader may take for something else (RFC 9112 sections 2.3, 3.2 and 6.1). */
export function faultOf(request: IncomingMessage): ProtocolFailure | undefined {
  if (request.httpVersion === '1.1') return hasOneHost(request) ? undefined : NO_HOST
  if (request.httpVersion !== '1.0') return NO_VERSION
  return request.headers['transfer-encoding'] === undefined ? undefined : NO_CHUNKS
}

/** RFC 9112 section 3.2: a request without a Host, or with several, is answered with 400. */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts === 1
}
