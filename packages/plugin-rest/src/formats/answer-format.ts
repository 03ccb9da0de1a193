/**
 * Turns JSON answers into the media type that their client prefers.
 * @module
 */
import { BODY_BYTES, BODY_JSON } from '@unisock/plugin-http/core'
import type { Answer, AnswerFilter, HttpResponse } from '@unisock/plugin-http/core/worker'
import { mediaTypeOf } from '../media-type.ts'
import type { Choice } from './formats.ts'

/**
 * That it was negotiated the answer says whatever came of it: caches must know (RFC 9110 section 12.5.5).
 *
 * @param choice Undefined where nothing suits the client: it gets JSON.
 */
export function answerIn(choice: Choice | undefined): AnswerFilter {
  return {
    whole(answer, _request, response) {
      if (!isJson(answer)) return
      vary(response)
      const format = choice?.format
      if (!format || answer.body === null || answer.body.length === 0) return
      const text = typeof answer.body === 'string' ? answer.body : Buffer.from(answer.body).toString('utf8')
      answer.body = format.encode(JSON.parse(text))
      answer.kind = BODY_BYTES
      setType(answer.fields, choice.type)
    },
  }
}

function vary(response: HttpResponse): void {
  response.add('Vary', 'Accept')
}

function isJson({ fields, kind }: Answer): boolean {
  const at = typeAt(fields)
  return at < 0 ? kind === BODY_JSON : mediaTypeOf(fields[at + 1]) === 'application/json'
}

function setType(fields: string[], type: string): void {
  const at = typeAt(fields)
  if (at < 0) fields.push('Content-Type', type)
  else fields[at + 1] = type
}

function typeAt(fields: readonly string[]): number {
  for (let i = 0; i < fields.length; i += 2) if (fields[i]!.toLowerCase() === 'content-type') return i
  return -1
}
