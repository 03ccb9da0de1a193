/**
 * Stored responses on their way to clients.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { weaken } from '../answer/effective.ts'
import { cutOut, multipartOf } from '../answer/multipart.ts'
import { contentRange, type Range } from '../answer/ranges.ts'
import { type HttpResponse, sendWhole } from '../server/response.ts'
import { BODY_BYTES } from '../wire.ts'
import { isNotModified, partsOf } from './conditions.ts'
import { fieldOf, notModifiedFields, singleOf, without } from './fields.ts'
import type { CacheEncoding } from './options.ts'
import { MAX_TEXT, type StoredResponse } from './stored-response.ts'

/** A form of a stored response, ready but for what differs from one sending to the next. */
interface Form {
  readonly status: number
  readonly fields: string[]
  /** Where the values of Age and Cache-Status are. */
  readonly ageAt: number
  readonly statusAt: number
  readonly body: Uint8Array | string
}

/** How a stored response is sent this time. */
export interface Sending {
  readonly stored: StoredResponse
  readonly request: IncomingMessage
  readonly response: HttpResponse
  /** Milliseconds since 1970. */
  readonly now: number
  /** The parameters of Cache-Status (RFC 9211). */
  readonly status: string
  /** The form to send, where the client takes one that there is. */
  readonly coding: CacheEncoding | undefined
  /** There are compressed forms, or will be. */
  readonly varies: boolean
  /** Something else is made of it: all of it is sent, for what the request's conditions are about is that. */
  readonly remade: boolean
}

const RANGED: ReadonlySet<string> = new Set(['content-range'])
const TYPED: ReadonlySet<string> = new Set(['content-type'])

export function sendStored(sending: Sending): void {
  const { stored, request, response, coding, varies, remade } = sending
  const { headers } = request
  const isKnown = isNotModified(headers, stored)
  // Behind filters it is seen what the client has: its tag may be another.
  if (isKnown && !isFiltered(response)) {
    write(
      sending,
      keep(stored, varies ? '304, varies' : '304', () => notModified(stored, varies)),
    )
    return
  }
  const parts = request.method === 'GET' && !isKnown && !remade ? partsOf(headers, stored) : undefined
  if (parts !== undefined) write(sending, ranged(stored, parts, varies))
  else if (coding) write(sending, stored.forms.get(coding) as Form)
  else
    write(
      sending,
      keep(stored, varies ? 'whole, varies' : 'whole', () => whole(stored, varies)),
    )
}

function isFiltered({ filters, finishing }: HttpResponse): boolean {
  return filters !== undefined || finishing?.isOn === true
}

/** Keeps a compressed form; returns the bytes it takes. */
export function keepCoded(stored: StoredResponse, coding: CacheEncoding, body: Uint8Array): number {
  const fields = [...varying(stored.parts.fields, true), 'Content-Encoding', coding]
  weaken(fields)
  stored.forms.set(coding, formOf(200, fields, Buffer.from(body), body.byteLength))
  return body.byteLength
}

function keep(stored: StoredResponse, name: string, make: () => Form): Form {
  let form = stored.forms.get(name) as Form | undefined
  if (!form) {
    form = make()
    stored.forms.set(name, form)
  }
  return form
}

function whole({ parts }: StoredResponse, varies: boolean): Form {
  const { status, fields, body } = parts
  return formOf(status, varying(fields, varies), body, status === 204 ? undefined : body.byteLength)
}

function notModified({ parts }: StoredResponse, varies: boolean): Form {
  const fields = notModifiedFields(varying(parts.fields, varies))
  if (varies) weaken(fields)
  return formOf(304, fields, '', undefined)
}

function ranged({ parts }: StoredResponse, ranges: readonly Range[] | null, varies: boolean): Form {
  const { body } = parts
  const size = body.byteLength
  const fields = without(varying(parts.fields, varies), RANGED)
  if (ranges === null) return formOf(416, [...fields, 'Content-Range', contentRange(null, size)], '', 0)
  if (ranges.length === 1) {
    const [from, to] = ranges[0]!
    fields.push('Content-Range', contentRange(ranges[0]!, size))
    return formOf(206, fields, body.subarray(from, to), to - from)
  }
  const multipart = multipartOf(ranges, size, singleOf(fields, 'content-type') ?? 'application/octet-stream')
  const typed = [...without(fields, TYPED), 'Content-Type', multipart.type]
  return formOf(206, typed, cutOut(multipart, ranges, body), multipart.length)
}

function varying(fields: readonly string[], varies: boolean): string[] {
  const vary = fieldOf(fields, 'vary')
  if (!varies || vary?.toLowerCase().includes('accept-encoding')) return [...fields]
  return [...fields, 'Vary', 'Accept-Encoding']
}

function formOf(
  status: number,
  own: readonly string[],
  body: Uint8Array | string,
  length: number | undefined,
): Form {
  const fields = [...own]
  if (length !== undefined) fields.push('Content-Length', String(length))
  fields.push('Age', '0', 'Cache-Status', '')
  const text = typeof body === 'string' || body.byteLength > MAX_TEXT ? body : latin1(body)
  return { status, fields, ageAt: fields.length - 3, statusAt: fields.length - 1, body: text }
}

function latin1(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
}

/** They are among the stored fields. */
const NO_DEFAULTS: readonly string[] = []

function write({ stored, request, response, now, status }: Sending, form: Form): void {
  const { fields, body } = form
  fields[form.ageAt] = String(stored.age(now))
  fields[form.statusAt] = `unisock; ${status}`
  if (response.visit) response.visit.cache = status
  if (isFiltered(response)) {
    const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
    sendWhole(response, form.status, fields, bytes, BODY_BYTES, NO_DEFAULTS)
    return
  }
  response.writeHead(form.status, fields)
  if (request.method === 'HEAD' || body.length === 0) response.end()
  else if (typeof body === 'string') response.end(body, 'latin1')
  else response.end(body)
}
