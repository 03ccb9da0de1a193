/**
 * Answers compressed for clients that take it (RFC 9110 section 8.4).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import type { HttpResponse } from '../server/response.ts'
import { chooseCoding } from './accept-encoding.ts'
import { available, encodeStream, encodeWhole } from './codecs.ts'
import { isText } from './compressible.ts'
import { effectiveField, forgetBytes, mediaTypeOf, setField, weaken } from './effective.ts'
import type { Answer, AnswerFilter } from './filter.ts'
import type { AnswerEncoding, HttpCompression } from './options.ts'
import { isKnown } from './selecting.ts'

const ALL: readonly AnswerEncoding[] = ['zstd', 'br', 'gzip', 'deflate']
const THRESHOLD = 1024

type Head = Omit<Answer, 'body'>

/** Compresses whole answers and streamed ones. What is compressed already, or a part, stays as it is. */
export class Compression implements AnswerFilter {
  readonly #threshold: number
  readonly #encodings: readonly AnswerEncoding[]
  readonly #level: number | undefined

  constructor({ threshold = THRESHOLD, encodings = ALL, level }: HttpCompression = {}) {
    this.#threshold = threshold
    this.#encodings = available(encodings)
    this.#level = level
  }

  whole(answer: Answer, request: IncomingMessage, response: HttpResponse): void | Promise<void> {
    const { body } = answer
    if (body === null || sizeOf(body) < this.#threshold) return undefined
    const coding = this.#choose(answer, request, response)
    if (coding === undefined) return undefined
    if (isKnown(answer, request, response)) {
      weaken(answer.fields)
      return undefined
    }
    const coded = encodeWhole(body, coding, this.#level)
    if (coded instanceof Promise) return coded.then(later => replace(answer, body, later, coding))
    return replace(answer, body, coded, coding)
  }

  streamed(head: Head, request: IncomingMessage, response: HttpResponse): Transform | undefined {
    const length = effectiveField(head, 'content-length', response)
    if (length !== undefined && Number(length) < this.#threshold) return undefined
    const coding = this.#choose(head, request, response)
    if (coding === undefined) return undefined
    describe(head, coding)
    return encodeStream(coding, this.#level)
  }

  /** Undefined: it is sent as it is. Says what it depends on in any case. */
  #choose(head: Head, request: IncomingMessage, response: HttpResponse): AnswerEncoding | undefined {
    const { status } = head
    if (status === 204 || status === 206 || status === 304 || status === 416) return undefined
    if (effectiveField(head, 'content-encoding', response) !== undefined) return undefined
    if (!isText(mediaTypeOf(head, response))) return undefined
    // RFC 9110 section 7.7.
    if (/\bno-transform\b/i.test(effectiveField(head, 'cache-control', response) ?? '')) return undefined
    const vary = effectiveField(head, 'vary', response)?.toLowerCase()
    if (vary === undefined || !(vary.includes('accept-encoding') || vary.includes('*')))
      response.add('Vary', 'Accept-Encoding')
    // A part is one of the bytes that the program sent: what is compressed anew each time has no others.
    if (request.headers.range !== undefined) return undefined
    return chooseCoding(request.headers['accept-encoding'] as string | undefined, this.#encodings)
  }
}

/** Unless it would be no smaller. */
function replace(answer: Answer, body: string | Uint8Array, coded: Buffer, coding: AnswerEncoding): void {
  if (coded.byteLength >= sizeOf(body)) return
  answer.body = coded
  describe(answer, coding)
}

function describe({ fields }: Head, coding: AnswerEncoding): void {
  forgetBytes(fields)
  setField(fields, 'Content-Encoding', coding)
}

function sizeOf(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}
