/**
 * Forms that are sent to the program.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { announcesTooMuch, type Refusal, readBody, refuseBody, tooLarge } from '../server/body.ts'
import type { Exchange } from '../server/exchange.ts'
import type { HttpResponse } from '../server/response.ts'
import { isForm } from './part-head.ts'
import { PartsSender } from './parts-sender.ts'
import { RefusedForm } from './refused-form.ts'
import type { UploadRules } from './rules.ts'

/** What becomes of a request's body as a form; undefined: it is a body like others. */
export function formRules(request: IncomingMessage, rules: UploadRules | undefined): UploadRules | undefined {
  return rules !== undefined && isForm(request.headers['content-type']) ? rules : undefined
}

/**
 * Sends a form part by part.
 *
 * @param limit Bytes of the body where the rules have no limit for all of it.
 * @param open Gives the request its fd; undefined: it was answered.
 */
export function sendParts(
  request: IncomingMessage,
  response: HttpResponse,
  rules: UploadRules,
  limit: number,
  open: () => Exchange | undefined,
): void {
  const total = rules.limits.total ?? limit
  if (announcesTooMuch(request, total)) {
    refuseBody(request, response, tooLarge(total))
    return
  }
  let exchange: Exchange | undefined
  const to = {
    bodyChunk: (data: Buffer | string) => exchange!.bodyChunk(data),
    bodyEnd: (trailers: readonly string[]) => exchange!.bodyEnd(trailers),
    bodyRefused: (refusal: Refusal) => exchange!.bodyRefused(refusal),
  }
  try {
    const sender = new PartsSender(request, rules, to)
    exchange = open()
    if (!exchange) return
    exchange.receiving()
    readBody(request, response, total, sender)
  } catch (error) {
    if (!(error instanceof RefusedForm)) throw error
    refuseBody(request, response, error)
  }
}
