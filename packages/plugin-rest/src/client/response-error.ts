/**
 * A response with a status from 400 on, as the error that `request` rejects with.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { ProblemDocument } from '../problem.ts'
import type { RestResponse } from './response.ts'

const MARK = Symbol.for('unisock.responseError')
/** Those that may be over soon (RFC 9110 section 15.6.4, RFC 6585 section 4). */
const PASSING = new Set([429, 502, 503, 504])

/** It is no problem of the program's own: a server's handler that lets it pass answers 500, not what another server said. */
export interface ResponseError extends SocketError {
  readonly status: number
  /** What the server says of it (RFC 9457). */
  readonly document: ProblemDocument
  readonly response: RestResponse
}

export function responseError(response: RestResponse): ResponseError {
  const { status, fd, url } = response
  const document = response.problem!
  const detail = typeof document.detail === 'string' ? `: ${document.detail}` : ''
  const error = new SocketError('EPROTO', `${url} answers ${status} ${document.title}${detail}`, {
    fd,
    op: 'request',
    category: 'application',
    retryable: PASSING.has(status),
    details: { status, document },
  })
  return Object.assign(error, { [MARK]: true, status, document, response })
}

/** Recognises such an error of any copy of this package. */
export function isResponseError(value: unknown): value is ResponseError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARK] === true
}
