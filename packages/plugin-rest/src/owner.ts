/**
 * REST's half in the program's thread.
 * @module
 */
import { isUint8Array } from 'node:util/types'
import { type OwnerHalf, type OwnerPort, toSocketError } from '@unisock/kernel/plugin'
import {
  BODY_JSON,
  BODY_TEXT,
  bodyText,
  checkReply,
  type HttpReply,
  type HttpWrite,
  httpOwner,
  isSource,
  PROBLEM_TYPE,
  type ResponseWire,
  receiveAs,
  sendChecked,
  sendReply,
  stateOf,
} from '@unisock/plugin-http/core'
import { errorHandlerOf, handledError } from './middleware/error-handler.ts'
import type { ErrorHandler } from './middleware/types.ts'
import { isProblem, type Problem, type ProblemDocument, problem } from './problem.ts'
import { isReply } from './reply.ts'
import { RestRequest } from './request.ts'

function send(data: unknown, port: OwnerPort, transfer: boolean): boolean {
  if (isProblem(data)) return isAnswered(port) ? false : sendProblem(data, port)
  return sendReply(data as HttpWrite, port, transfer)
}

/** A handler's return value is the body, whatever it is; `undefined` means that it answers with `write`. */
function result(value: unknown, port: OwnerPort, message: unknown): void {
  if (value === undefined || isAnswered(port)) return
  try {
    answer(value, port)
  } catch (error) {
    failure(error, port, message)
  }
}

function answer(value: unknown, port: OwnerPort): void {
  if (typeof value === 'string') port.sendLast([200, null, value, BODY_TEXT] satisfies ResponseWire)
  else if (value === null) port.sendLast([200, null, 'null', BODY_JSON] satisfies ResponseWire)
  else if (isReply(value)) sendChecked(checkReply(value as HttpReply), port, false)
  else if (isUint8Array(value) || isSource(value)) sendReply(value, port)
  else if (isProblem(value)) sendProblem(value, port)
  else port.sendLast([200, null, bodyText(value), BODY_JSON] satisfies ResponseWire)
}

/** What a handler threw: REST_ERROR_HANDLER answers, where there is one. */
function failure(error: unknown, port: OwnerPort, message: unknown): boolean {
  const handle = message === undefined || isAnswered(port) ? undefined : errorHandlerOf(port)
  if (!handle) return unhandled(error, port, message)
  void answerError(handle, error, port, message as RestRequest)
  return true
}

async function answerError(
  handle: ErrorHandler,
  error: unknown,
  port: OwnerPort,
  request: RestRequest,
): Promise<void> {
  try {
    const given = await handledError(handle, error, request)
    if (given !== undefined) {
      if (!isAnswered(port)) answer(given, port)
      return
    }
  } catch (thrown) {
    if (isProblem(thrown)) {
      unhandled(thrown, port, request)
      return
    }
    port.report(toSocketError(thrown, 'ECANCELED', { fd: port.fd }))
  }
  if (!unhandled(error, port, request)) port.report(toSocketError(error, 'ECANCELED', { fd: port.fd }))
}

/** What the worker refused, where REST_ERROR_HANDLER is asked: by default the answer is the worker's. */
function refused(port: OwnerPort, request: RestRequest): void {
  const [status, document, headers] = RestRequest.refusalOf(request)!
  const { detail, ...members } = JSON.parse(document) as ProblemDocument
  void failure(problem(status, detail, { ...members, headers: joined(headers) }), port, request)
}

/** Lines of the same field are one (RFC 9110 section 5.2). */
function joined(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) {
    const before = fields[flat[i]!]
    fields[flat[i]!] = before === undefined ? flat[i + 1]! : `${before}, ${flat[i + 1]!}`
  }
  return fields
}

const receiveRequest = receiveAs(RestRequest)

function receive(wire: any, port: OwnerPort, bytes: number): RestRequest | undefined {
  const request = receiveRequest(wire, port, bytes)
  if (request === undefined || !RestRequest.refusalOf(request)) return request
  refused(port, request)
  port.consumed(bytes)
  return undefined
}

/** A problem is the answer; any other error is a 500, reported here and never shown to the client. */
function unhandled(error: unknown, port: OwnerPort, message: unknown): boolean {
  if (!isProblem(error)) return httpOwner.failure!(error, port, message)
  return isAnswered(port) ? false : sendProblem(error, port)
}

function sendProblem({ status, document, headers }: Problem, port: OwnerPort): boolean {
  const reply = checkReply({
    status,
    headers: { ...headers, 'Content-Type': PROBLEM_TYPE },
    body: document,
  })
  return sendChecked(reply, port, false)
}

function isAnswered(port: OwnerPort): boolean {
  return port.ended || stateOf(port)?.replying === true
}

/** REST_SERVER's owner half: HTTP's, with handlers whose results are answers. */
export const restOwner: OwnerHalf = {
  receive,
  around: RestRequest.aroundOf,
  send,
  result,
  failure,
}
