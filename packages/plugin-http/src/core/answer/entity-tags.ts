/**
 * Validators of answers that have none (RFC 9110 section 8.8).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpResponse } from '../server/response.ts'
import { effectiveField } from './effective.ts'
import type { Answer, AnswerFilter } from './filter.ts'

/** 27 characters are 160 bits: two bodies with the same are not to be met. */
const LENGTH = 27

/** An entity tag made of a body's bytes. */
export function entityTag(body: string | Uint8Array, strength: 'weak' | 'strong'): string {
  const digest = process.getBuiltinModule('node:crypto').hash('sha256', body, 'base64url').slice(0, LENGTH)
  return strength === 'strong' ? `"${digest}"` : `W/"${digest}"`
}

/** Gives an ETag to whole answers of status 200 to GET and HEAD. Streamed ones would have to be waited for. */
export class EntityTags implements AnswerFilter {
  readonly #strength: 'weak' | 'strong'

  constructor(strength: 'weak' | 'strong' = 'weak') {
    this.#strength = strength
  }

  whole(answer: Answer, { method }: IncomingMessage, response: HttpResponse): void {
    const { status, body, fields } = answer
    if (status !== 200 || (method !== 'GET' && method !== 'HEAD')) return
    if (body === null || body.length === 0) return
    if (effectiveField(answer, 'etag', response) === undefined)
      fields.push('ETag', entityTag(body, this.#strength))
  }
}
