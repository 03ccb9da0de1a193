/**
 * The health check that the worker answers by itself, whatever the program is doing.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { BODY_JSON } from '../wire.ts'
import { type HttpResponse, sendProblem, sendWorkerAnswer, TYPES } from './response.ts'

/** Whether a request's target is the health path, with or without a query. */
export function isHealthCheck(uri: string, path: string): boolean {
  if (!uri.startsWith(path)) return false
  return uri.length === path.length || uri.charCodeAt(path.length) === 0x3f
}

/** 200 `{"status":"ok"}`, or 503 `{"status":"draining"}`: take me out of the rotation. */
export function answerHealthCheck(request: IncomingMessage, response: HttpResponse, draining: boolean): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendProblem(response, 405, undefined, ['Allow', 'GET, HEAD'])
    return
  }
  const body = JSON.stringify({ status: draining ? 'draining' : 'ok' })
  const fields = ['Content-Type', TYPES[BODY_JSON], 'Cache-Control', 'no-store']
  sendWorkerAnswer(response, draining ? 503 : 200, fields, body)
}
