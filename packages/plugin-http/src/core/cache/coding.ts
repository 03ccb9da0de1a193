/**
 * Content codings of stored responses (RFC 9110 section 8.4).
 * @module
 */
import { isText } from '../answer/compressible.ts'
import { fieldOf, singleOf } from './fields.ts'
import type { CacheCompression } from './options.ts'
import type { StoredResponse } from './stored-response.ts'

export type Codings = Required<CacheCompression>

export function codingsOf(option: boolean | CacheCompression): Codings | undefined {
  if (option === false) return undefined
  const { encodings = ['br', 'gzip'], minSize = 1024 } = option === true ? {} : option
  return { encodings, minSize }
}

/** Whether a stored response is kept compressed too: RFC 9110 section 7.7 lets a response forbid it. */
export function isCompressible({ parts, directives }: StoredResponse, { minSize }: Codings): boolean {
  const { status, fields, body } = parts
  if (status !== 200 || body.byteLength < minSize || directives.has('no-transform')) return false
  if (fieldOf(fields, 'content-encoding') !== undefined) return false
  return isText(singleOf(fields, 'content-type') ?? '')
}
