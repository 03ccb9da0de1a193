/**
 * Requests that no route matches: 404, or 405 where another method would have matched.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpResponse } from '@unisock/plugin-http/core/worker'
import type { Endpoint } from './endpoint.ts'
import { answerProblem } from './problems.ts'
import { methodsAt } from './second-choice.ts'

export function answerUnrouted(
  endpoints: readonly Endpoint[],
  request: IncomingMessage,
  response: HttpResponse,
): void {
  const allowed = methodsAt(endpoints, request.url ?? '/')
  allowed.delete(request.method!)
  if (allowed.size === 0) {
    answerProblem(request, response, 404)
    return
  }
  const allow = [...allowed].sort().join(', ')
  // RFC 9110 section 15.5.6: a 405 must list the methods there are.
  answerProblem(request, response, 405, { detail: `There is ${allow} here.`, headers: ['Allow', allow] })
}
