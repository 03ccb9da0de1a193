/**
 * What of a representation a request is sent: all, parts, or that it has it already.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { notModifiedFields } from '../cache/fields.ts'
import { parseHttpDate } from '../cache/http-date.ts'
import { PROBLEM_TYPE, problemText } from '../problem.ts'
import type { HttpResponse } from '../server/response.ts'
import { isConditional, isUnchanged, outcomeOf, type Validators } from './conditions.ts'
import { dropField, effectiveField, mediaTypeOf, setField } from './effective.ts'
import type { Answer, AnswerFilter } from './filter.ts'
import { cutOut, type Multipart, multipartOf } from './multipart.ts'
import { contentRange, type Range, rangesOf } from './ranges.ts'

type Head = Omit<Answer, 'body'>

/** The parts of a body to send; several are a multipart. */
export interface Cut {
  readonly ranges: readonly Range[]
  readonly multipart: Multipart | undefined
}

/**
 * Evaluates a request's conditions and its Range, and changes the head to what they come to.
 *
 * @param size Bytes of the body; undefined where that is not known: no parts.
 * @param ranged Whether parts are cut out of it.
 * @returns What of the body is sent.
 */
export function select(
  head: Head,
  request: IncomingMessage,
  response: HttpResponse,
  size: number | undefined,
  ranged: boolean,
): 'all' | 'nothing' | Cut {
  const { method, headers } = request
  if (head.status !== 200 || (method !== 'GET' && method !== 'HEAD')) return 'all'
  const validators = validatorsOf(head, response)
  if (validators.etag !== undefined || validators.lastModified !== undefined) {
    const outcome = outcomeOf(headers, validators)
    if (outcome !== 'met') return instead(head, outcome === 'failed' ? 412 : 304)
  }
  if (size === undefined || !ranged || method !== 'GET' || headers.range === undefined) return 'all'
  if (!isUnchanged(headers['if-range'], validators)) return 'all'
  return cut(head, response, headers.range, size)
}

/** Whether a request is going to be told that its client has the answer already. */
export function isKnown(head: Head, { method, headers }: IncomingMessage, response: HttpResponse): boolean {
  if (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined) return false
  if (head.status !== 200 || (method !== 'GET' && method !== 'HEAD')) return false
  const validators = validatorsOf(head, response)
  if (validators.etag === undefined && validators.lastModified === undefined) return false
  return outcomeOf(headers, validators) === 'not modified'
}

function cut(head: Head, response: HttpResponse, range: string, size: number): 'all' | 'nothing' | Cut {
  const ranges = rangesOf(range, size)
  if (ranges === undefined) return 'all'
  if (ranges === null) {
    head.fields.push('Content-Range', contentRange(null, size))
    return instead(head, 416)
  }
  head.status = 206
  dropField(head.fields, 'content-length')
  if (ranges.length === 1) {
    head.fields.push('Content-Range', contentRange(ranges[0]!, size))
    return { ranges, multipart: undefined }
  }
  const multipart = multipartOf(ranges, size, mediaTypeOf(head, response))
  setField(head.fields, 'Content-Type', multipart.type)
  return { ranges, multipart }
}

function instead(head: Head, status: 304 | 412 | 416): 'nothing' {
  const range = status === 416 ? head.fields.slice(-2) : []
  head.status = status
  head.fields = [...notModifiedFields(head.fields), ...range]
  return 'nothing'
}

function validatorsOf(head: Head, response: HttpResponse): Validators {
  return {
    etag: effectiveField(head, 'etag', response),
    lastModified: parseHttpDate(effectiveField(head, 'last-modified', response)),
  }
}

/** Answers conditional requests, and those for parts of answers that say `Accept-Ranges: bytes`. */
export class Selecting implements AnswerFilter {
  readonly #all: boolean

  /** `all`: parts of every whole answer of status 200 to GET, which then says so. */
  constructor(all = false) {
    this.#all = all
  }

  whole(answer: Answer, request: IncomingMessage, response: HttpResponse): void {
    const { body } = answer
    const isRanged = this.#isRanged(answer, request, response)
    if (!isConditional(request.headers)) return
    const found = select(answer, request, response, sizeOf(body), isRanged)
    if (found === 'all') return
    if (found === 'nothing') {
      answer.body = null
      if (answer.status === 304) return
      answer.body = problemText(answer.status)
      setField(answer.fields, 'Content-Type', PROBLEM_TYPE)
      return
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body!
    answer.body = found.multipart
      ? cutOut(found.multipart, found.ranges, bytes)
      : bytes.subarray(...found.ranges[0]!)
  }

  streamed(head: Head, request: IncomingMessage, response: HttpResponse): null | undefined {
    if (!isConditional(request.headers)) return undefined
    if (select(head, request, response, undefined, false) === 'all') return undefined
    if (head.status !== 304) head.fields.push('Content-Length', '0')
    return null
  }

  #isRanged(answer: Answer, { method }: IncomingMessage, response: HttpResponse): boolean {
    const said = effectiveField(answer, 'accept-ranges', response)
    if (said !== undefined || !this.#all) return said?.toLowerCase() === 'bytes'
    if (method !== 'GET' || answer.status !== 200 || answer.body === null) return false
    // What was compressed on its way has other bytes the next time.
    if (effectiveField(answer, 'content-encoding', response) !== undefined) return false
    answer.fields.push('Accept-Ranges', 'bytes')
    return true
  }
}

function sizeOf(body: string | Uint8Array | null): number | undefined {
  if (body === null) return undefined
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}
