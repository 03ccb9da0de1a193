/**
 * Content codings of stored responses (RFC 9110 section 8.4).
 * @module
 */
import { fieldOf, singleOf } from './fields.ts'
import type { CacheCompression, CacheEncoding } from './options.ts'
import type { StoredResponse } from './stored-response.ts'

export type Codings = Required<CacheCompression>

export function codingsOf(option: boolean | CacheCompression): Codings | undefined {
  if (option === false) return undefined
  const { encodings = ['br', 'gzip'], minSize = 1024 } = option === true ? {} : option
  return { encodings, minSize }
}

/** Media types that are text, or next to it. */
const TEXT =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b|application\/(?:javascript|ecmascript|wasm|manifest)\b|image\/(?:svg\+xml|bmp)\b|font\/(?:ttf|otf)\b)/i

/** Whether a stored response is kept compressed too: RFC 9110 section 7.7 lets a response forbid it. */
export function isCompressible({ parts, directives }: StoredResponse, { minSize }: Codings): boolean {
  const { status, fields, body } = parts
  if (status !== 200 || body.byteLength < minSize || directives.has('no-transform')) return false
  if (fieldOf(fields, 'content-encoding') !== undefined) return false
  return TEXT.test(singleOf(fields, 'content-type') ?? '')
}

/** The first coding of ours that a client takes. */
export function chooseCoding(
  accepted: string | undefined,
  ours: readonly CacheEncoding[],
): CacheEncoding | undefined {
  if (accepted === undefined) return undefined
  const weights = new Map<string, number>()
  for (const item of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim())
    const quality = parameters.find(parameter => parameter.startsWith('q='))
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0)
  }
  return ours.find(coding => (weights.get(coding) ?? weights.get('*') ?? 0) > 0)
}
