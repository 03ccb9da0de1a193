/**
 * Requests that no route matches: 404, or 405 where another method would have matched.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpResponse } from '@unisock/plugin-http/core/worker'
import type { Guard } from '../middleware/worker/guard.ts'
import type { Gate } from './auth.ts'
import type { Endpoint } from './endpoint.ts'
import { answerProblem } from './problems.ts'
import { methodsAt } from './second-choice.ts'

/** What the router does with them. */
export interface Unrouted {
  readonly guard: Guard | undefined
  /** The ids of the program's functions around the handler. */
  readonly around: readonly number[] | undefined
  /** They are handed on. */
  readonly pass: boolean
  /** Says what the token is worth of one that is handed on. */
  readonly gate: Gate | undefined
}

/** The methods that the path has beside the request's. */
export function otherMethods(
  endpoints: readonly Endpoint[],
  { method, url = '/' }: IncomingMessage,
): string[] {
  const allowed = methodsAt(endpoints, url)
  allowed.delete(method!)
  return [...allowed].sort()
}

export function answerUnrouted(
  endpoints: readonly Endpoint[],
  request: IncomingMessage,
  response: HttpResponse,
): void {
  const allowed = otherMethods(endpoints, request)
  if (allowed.length === 0) {
    answerProblem(request, response, 404)
    return
  }
  const allow = allowed.join(', ')
  // RFC 9110 section 15.5.6: a 405 must list the methods there are.
  answerProblem(request, response, 405, { detail: `There is ${allow} here.`, headers: ['Allow', allow] })
}
