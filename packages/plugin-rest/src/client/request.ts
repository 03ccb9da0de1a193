/**
 * A REST client's request, checked and made ready to cross.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { asMapping, type CheckedRequest, checkParts, type RequestParts } from '@unisock/plugin-http/client'

/** A request: by its path, or by an operation of the OpenAPI document. */
export interface RestClientRequest extends RequestParts {
  /** Below the base URL's own path. `{name}` in it stands for a value of `params`. */
  path?: string
  /** The `operationId` of an operation, which brings method and path. */
  operation?: string
  /** An operation's parameters by name, wherever they are; without one, those in the path. */
  params?: Readonly<Record<string, unknown>>
  /** A status from 400 on rejects `request`. @default true */
  raise?: boolean
}

/** What `write` and `request` take on a REST client: a request, or the path of one. */
export type RestClientWrite = RestClientRequest | string

/** Where the wire of a request has more than HTTP's. */
export const OPERATION = 10
export const PARAMS = 11

/** @throws {SocketError} `EINVAL`, `EBADDATA` */
export function checkRestRequest(data: unknown, id: number): CheckedRequest {
  const request = (typeof data === 'string' ? { path: data } : asMapping(data)) as RestClientRequest
  const { path, operation, params, raise: _ofTheOwner, ...parts } = request
  if (operation !== undefined && (path !== undefined || parts.method !== undefined))
    throw invalid('an operation brings its own method and path')
  if (operation !== undefined && typeof operation !== 'string') throw invalid('operation: expected a string')
  if (params !== undefined && (typeof params !== 'object' || params === null))
    throw invalid('params: expected a mapping')
  const checked = checkParts(parts, path ?? '', id)
  checked.wire[OPERATION] = operation ?? null
  checked.wire[PARAMS] = params ?? null
  return checked
}

/** Whether a status from 400 on is an error for who asked. */
export function raises(request: unknown): boolean {
  return typeof request !== 'object' || (request as RestClientRequest).raise !== false
}

function invalid(reason: string): SocketError {
  return new SocketError('EINVAL', reason, { op: 'write' })
}
