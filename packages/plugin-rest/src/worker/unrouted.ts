/**
 * Requests that no route matches: 404, or 405 where another method would have matched.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { rawPath } from '@unisock/plugin-http/core'
import type { HttpResponse } from '@unisock/plugin-http/core/worker'
import { matches } from '../pattern.ts'
import type { Endpoint } from './endpoint.ts'
import { answerProblem } from './problems.ts'

export function answerUnrouted(
  endpoints: readonly Endpoint[],
  request: IncomingMessage,
  response: HttpResponse,
): void {
  const allowed = methodsAt(endpoints, request.url ?? '/')
  if (allowed.length === 0) {
    answerProblem(request, response, 404)
    return
  }
  const allow = allowed.join(', ')
  // RFC 9110 section 15.5.6: a 405 must list the methods there are.
  answerProblem(request, response, 405, { detail: `There is ${allow} here.`, headers: ['Allow', allow] })
}

function methodsAt(endpoints: readonly Endpoint[], uri: string): string[] {
  const path = decodedSegments(uri)
  if (!path) return []
  const methods = new Set<string>()
  for (const { method, full } of endpoints) if (matches(full, path)) methods.add(method)
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods].sort()
}

function decodedSegments(uri: string): string[] | undefined {
  try {
    return rawPath(uri).slice(1).split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
}
