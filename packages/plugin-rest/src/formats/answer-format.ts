/**
 * Turns JSON answers into the media type that their client prefers.
 * @module
 */
import { BODY_BYTES } from '@unisock/plugin-http/core'
import {
  type AnswerFilter,
  effectiveField,
  forgetBytes,
  mediaTypeOf as saidType,
  setField,
  weaken,
} from '@unisock/plugin-http/core/worker'
import { mediaTypeOf } from '../media-type.ts'
import type { Choice } from './formats.ts'

/**
 * That it was negotiated the answer says whatever came of it: caches must know (RFC 9110 section 12.5.5).
 *
 * @param choice Undefined where nothing suits the client: it gets JSON.
 */
export function answerIn(choice: Choice | undefined): AnswerFilter {
  const format = choice?.format
  return {
    remakes: format !== undefined,
    whole(answer, _request, response) {
      const { status, fields, body } = answer
      if (status === 304 || status === 206) {
        response.add('Vary', 'Accept')
        if (format && status === 304) weaken(fields)
        return
      }
      if (mediaTypeOf(saidType(answer, response)) !== 'application/json') return
      response.add('Vary', 'Accept')
      if (!format || body === null || body.length === 0) return
      // What is encoded is no JSON before it is decoded.
      if (effectiveField(answer, 'content-encoding', response) !== undefined) return
      const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8')
      answer.body = format.encode(JSON.parse(text))
      answer.kind = BODY_BYTES
      forgetBytes(fields)
      setField(fields, 'Content-Type', choice.type)
    },
  }
}
