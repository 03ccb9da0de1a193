/**
 * Counting a request by a guard's limits, and telling the client how it stands: draft-ietf-httpapi-ratelimit-headers.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { admittedOf, connectionOf, type HttpResponse } from '@unisock/plugin-http/core/worker'
import { answerProblem } from '../../worker/problems.ts'
import type { RateLimiter, Standing } from './rate-limiter.ts'

/** The problem type of a quota that is used up (the draft's section 5). */
const TYPE = 'https://iana.org/assignments/http-problem-types#quota-exceeded'

/**
 * Counts a request. False: it is one too many, and the client was told so.
 *
 * @param user Who asks, where that is known.
 */
export function countIn(
  limiters: readonly RateLimiter[],
  request: IncomingMessage,
  response: HttpResponse,
  user?: string,
): boolean | Promise<boolean> {
  for (const [index, limiter] of limiters.entries()) {
    const client = limiter.clientOf(request, clientAddress(request), user)
    if (client === undefined) continue
    const standing = limiter.take(client)
    if (standing instanceof Promise)
      return standing.then(
        later =>
          tell(limiter, later, request, response) &&
          countIn(limiters.slice(index + 1), request, response, user),
      )
    if (!tell(limiter, standing, request, response)) return false
  }
  return true
}

/** The client, as a trusted proxy knows it where there is one. */
function clientAddress(request: IncomingMessage) {
  return admittedOf(request)?.client ?? connectionOf(request.socket)!.addr
}

function tell(
  { limit, policy }: RateLimiter,
  { exceeded, first, remaining, reset }: Standing,
  request: IncomingMessage,
  response: HttpResponse,
): boolean {
  const name = limit.policy ?? 'default'
  response.add('RateLimit-Policy', policy)
  response.add('RateLimit', `"${name}";r=${remaining};t=${reset}`)
  if (limit.legacy) {
    response.add('X-RateLimit-Limit', String(limit.max))
    response.add('X-RateLimit-Remaining', String(remaining))
    response.add('X-RateLimit-Reset', String(reset))
  }
  if (!exceeded) return true
  if (first) report(request, name)
  answerProblem(request, response, 429, {
    detail: `No more than ${limit.max} requests in ${limit.window} s: try again in ${reset} s.`,
    extensions: { type: TYPE, 'violated-policies': [name] },
    headers: ['Retry-After', String(reset)],
  })
  return false
}

/** Once for each client and window. */
function report(request: IncomingMessage, policy: string): void {
  const { address, port } = clientAddress(request)
  const { listener } = connectionOf(request.socket)!
  listener.socket.log('info', `a client is over the rate limit ${policy}`, { policy, address, port })
}
