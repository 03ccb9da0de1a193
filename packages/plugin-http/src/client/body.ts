/**
 * What a request carries, in the terms of the wire.
 * @module
 */
import { isUint8Array } from 'node:util/types'
import { SocketError } from '@unisock/kernel/plugin'
import { type BodySource, bodyText, isSource } from '../core/reply.ts'
import { encodeMultipart, isBlob, isForm, type MultipartFields } from './multipart.ts'

/**
 * A request's body: text, bytes, a stream, a form (URLSearchParams), a form with files (FormData), a Blob, or any other
 * object as JSON.
 */
export type HttpClientBody =
  | string
  | Uint8Array
  | BodySource
  | URLSearchParams
  | FormData
  | Blob
  | object
  | null

/** Fields of a form; an array is one field each. */
export type FormFields = Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>>
export type QueryValue = string | number | boolean

/** The one of these that a request has is its body. */
export interface BodyParts {
  body?: HttpClientBody | undefined
  /** Anything, as JSON: also text, numbers and null. */
  json?: unknown
  form?: FormFields | undefined
  multipart?: MultipartFields | FormData | undefined
}

export interface EncodedBody {
  body: string | Uint8Array | null
  /** Where the body is streamed. */
  source: BodySource | undefined
  /** For a request that has no Content-Type of its own. */
  type: string | null
}

const NOTHING: EncodedBody = { body: null, source: undefined, type: null }
const KINDS = ['body', 'json', 'form', 'multipart'] as const

function hasBody({ body, json, form, multipart }: BodyParts): boolean {
  return body !== undefined || json !== undefined || form !== undefined || multipart !== undefined
}

/** @throws {SocketError} `EINVAL` for two bodies, `EBADDATA` for one that cannot be sent. */
export function encodeRequestBody(parts: BodyParts): EncodedBody {
  if (!hasBody(parts)) return NOTHING
  const given = KINDS.filter(kind => parts[kind] !== undefined)
  if (given.length > 1)
    throw new SocketError('EINVAL', `a request has one body, and this has ${given.join(' and ')}`)
  const [kind] = given
  if (kind === 'json') return { ...NOTHING, body: toJson(parts.json), type: 'application/json' }
  if (kind === 'form') return form(formText(parts.form!))
  if (kind === 'multipart') return multipart(parts.multipart!)
  return encode(parts.body!)
}

function encode(body: HttpClientBody): EncodedBody {
  if (body === null) return NOTHING
  if (typeof body === 'string') return { ...NOTHING, body, type: 'text/plain; charset=utf-8' }
  if (isUint8Array(body)) return { ...NOTHING, body, type: 'application/octet-stream' }
  if (typeof body !== 'object')
    throw new SocketError('EBADDATA', `a body cannot be a ${typeof body}; json takes any value`)
  if (body instanceof URLSearchParams) return form(body.toString())
  if (isForm(body)) return multipart(body)
  if (isBlob(body))
    return {
      ...NOTHING,
      source: body.stream() as unknown as BodySource,
      type: body.type === '' ? 'application/octet-stream' : body.type,
    }
  if (isSource(body)) return { ...NOTHING, source: body, type: 'application/octet-stream' }
  return { ...NOTHING, body: bodyText(body), type: 'application/json' }
}

function form(text: string): EncodedBody {
  return { ...NOTHING, body: text, type: 'application/x-www-form-urlencoded' }
}

function multipart(fields: MultipartFields | FormData): EncodedBody {
  const { body, type } = encodeMultipart(fields)
  return isUint8Array(body) ? { ...NOTHING, body, type } : { ...NOTHING, source: body, type }
}

function toJson(value: unknown): string {
  return value === null ? 'null' : bodyText(value as object)
}

/** Encoded as a form is; null and undefined are left out. */
export function formText(fields: FormFields): string {
  if (typeof fields !== 'object' || fields === null)
    throw new SocketError('EINVAL', 'form and query are mappings of names to values')
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    for (const each of Array.isArray(value) ? value : [value]) params.append(name, String(each))
  }
  return params.toString()
}
