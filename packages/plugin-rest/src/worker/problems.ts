/**
 * Problem documents that the worker answers with (RFC 9457).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { PROBLEM_TYPE } from '@unisock/plugin-http/core'
import { abandonBody, type HttpResponse, hasBody, sendWorkerAnswer } from '@unisock/plugin-http/core/worker'
import { problemDocument } from '../problem.ts'

/** More of an unread body than this is not worth reading to keep the connection. */
const MAX_UNREAD = 64 * 1024

/** What a problem says beyond its status. */
export interface ProblemParts {
  detail?: string | undefined
  /** Further members of the document. */
  extensions?: Readonly<Record<string, unknown>>
  /** Names and values in turn. */
  headers?: readonly string[]
}

/** Answers a request that was not read to its end, or was. */
export function answerProblem(
  request: IncomingMessage,
  response: HttpResponse,
  status: number,
  { detail, extensions, headers = [] }: ProblemParts = {},
): void {
  if (response.headersSent || response.destroyed) return
  if (!request.complete && hasBody(request) && isCostly(request, response)) abandonBody(request, response)
  if (response.refusing?.({ status, detail, extensions, headers })) return
  const text = JSON.stringify(problemDocument(status, detail, extensions))
  sendWorkerAnswer(response, status, ['Content-Type', PROBLEM_TYPE, ...headers], text)
}

/** True where the client waits for 100 before it sends the body, or what it sends may be long. */
function isCostly(request: IncomingMessage, response: HttpResponse): boolean {
  const length = request.headers['content-length']
  return response.expectsContinue || length === undefined || Number(length) > MAX_UNREAD
}
