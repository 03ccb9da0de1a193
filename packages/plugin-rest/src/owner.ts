/**
 * REST's half in the program's thread.
 * @module
 */
import { isUint8Array } from 'node:util/types'
import type { OwnerHalf, OwnerPort } from '@unisock/kernel/plugin'
import {
  BODY_JSON,
  BODY_TEXT,
  checkReply,
  type HttpReply,
  type HttpWrite,
  httpOwner,
  isSource,
  jsonText,
  PROBLEM_TYPE,
  type ResponseWire,
  receiveAs,
  sendChecked,
  sendReply,
  stateOf,
} from '@unisock/plugin-http/core'
import { isProblem, type Problem } from './problem.ts'
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
  else port.sendLast([200, null, jsonText(value), BODY_JSON] satisfies ResponseWire)
}

/** A problem is the answer; any other error is a 500, reported here and never shown to the client. */
function failure(error: unknown, port: OwnerPort, message: unknown): boolean {
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
export const restOwner: OwnerHalf = { receive: receiveAs(RestRequest), send, result, failure }
