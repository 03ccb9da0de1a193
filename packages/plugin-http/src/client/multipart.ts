/**
 * Forms with files: multipart/form-data (RFC 7578).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { isUint8Array } from 'node:util/types'
import { SocketError } from '@unisock/kernel/plugin'
import { type BodySource, isSource } from '../core/reply.ts'

/** One part with what is to be said of it. */
export interface MultipartFile {
  body: string | Uint8Array | Blob | BodySource
  filename?: string
  /** Its media type. @default what a Blob says, else application/octet-stream */
  type?: string
}
export type MultipartValue = string | number | boolean | Uint8Array | Blob | MultipartFile
/** Parts by name; an array is one part each. */
export type MultipartFields = Readonly<Record<string, MultipartValue | readonly MultipartValue[] | undefined>>

interface Part {
  head: Buffer
  content: Uint8Array | Blob | BodySource
}

const CRLF = Buffer.from('\r\n')

/** The body of a form: whole where all of it is at hand, else its parts one behind the other. */
export function encodeMultipart(fields: MultipartFields | FormData): {
  type: string
  body: Uint8Array | BodySource
} {
  const boundary = `unisock-${randomBytes(18).toString('hex')}`
  const parts = [...partsOf(fields)].map(([name, value]) => toPart(boundary, name, value))
  const last = Buffer.from(`--${boundary}--\r\n`)
  const whole = parts.every(({ content }) => isUint8Array(content))
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: whole
      ? Buffer.concat([...parts.flatMap(({ head, content }) => [head, content as Uint8Array, CRLF]), last])
      : stream(parts, last),
  }
}

async function* stream(parts: readonly Part[], last: Buffer): AsyncGenerator<string | Uint8Array> {
  for (const { head, content } of parts) {
    yield head
    if (isUint8Array(content)) yield content
    else yield* isBlob(content) ? (content.stream() as AsyncIterable<Uint8Array>) : content
    yield CRLF
  }
  yield last
}

function* partsOf(fields: MultipartFields | FormData): Generator<[string, MultipartValue]> {
  if (isForm(fields)) {
    yield* fields.entries() as IterableIterator<[string, MultipartValue]>
    return
  }
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    for (const each of Array.isArray(value) ? value : [value]) yield [name, each]
  }
}

function toPart(boundary: string, name: string, value: MultipartValue): Part {
  const { body, filename, type } = describe(name, value)
  const disposition = `form-data; name="${quoted(name)}"`
  const file = filename === undefined ? '' : `; filename="${quoted(filename)}"`
  const media = type === undefined ? '' : `Content-Type: ${checkType(name, type)}\r\n`
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: ${disposition}${file}\r\n${media}\r\n`,
    'utf8',
  )
  return { head, content: typeof body === 'string' ? Buffer.from(body) : body }
}

function describe(
  name: string,
  value: MultipartValue,
): { body: MultipartFile['body']; filename?: string | undefined; type?: string | undefined } {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { body: String(value) }
  if (isBlob(value)) return { body: value, ...named(value) }
  if (isUint8Array(value)) return { body: value, filename: name, type: OCTETS }
  const { body, filename, type } = (value ?? {}) as MultipartFile
  if (typeof body !== 'string' && !isUint8Array(body) && !isSource(body) && !isBlob(body))
    throw new SocketError('EINVAL', `multipart.${name}: expected text, bytes, a Blob, a stream or { body }`)
  const described: { filename?: string; type?: string } = isBlob(body) ? named(body) : {}
  return {
    body,
    filename: filename ?? described.filename,
    type: type ?? described.type ?? (typeof body === 'string' && filename === undefined ? undefined : OCTETS),
  }
}

const OCTETS = 'application/octet-stream'

function named(blob: Blob & { name?: unknown }): { filename: string; type: string } {
  return {
    filename: typeof blob.name === 'string' ? blob.name : 'blob',
    type: blob.type === '' ? OCTETS : blob.type,
  }
}

function checkType(name: string, type: string): string {
  if (/^[\t\x20-\x7e]+$/.test(type)) return type
  throw new SocketError('EINVAL', `multipart.${name}: ${JSON.stringify(type)} is no media type`)
}

/** As browsers do (WHATWG HTML, multipart/form-data encoding): what could end the quotes or the line is escaped. */
function quoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}

export function isBlob(value: unknown): value is Blob {
  return tagOf(value) === 'Blob' || tagOf(value) === 'File'
}

export function isForm(value: unknown): value is FormData {
  return tagOf(value) === 'FormData'
}

function tagOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as any)[Symbol.toStringTag] : undefined
}
