/**
 * Options for what becomes of answers on their way: 230, 231 and 236.
 * @module
 */
import { boolean, defineOption, type } from '@unisock/kernel/plugin'
import { COMPRESSION_PROPERTIES } from './schemas.ts'

const family = 'http'
/** HTTP_SERVER, HTTPS_SERVER and REST_SERVER. */
const modes = [20, 21, 24]

/** Content codings (RFC 9110 section 8.4.1) that answers are sent in. `zstd` where Node has it: 22.15 and later. */
export type AnswerEncoding = 'zstd' | 'br' | 'gzip' | 'deflate'

/** HTTP_COMPRESSION: which answers are compressed, and how. */
export interface HttpCompression {
  /** Bytes of a whole body below which it is sent as it is. @default 1024 */
  threshold?: number
  /** Of those that a client likes best the first is taken. @default ['zstd', 'br', 'gzip', 'deflate'] */
  encodings?: readonly AnswerEncoding[]
  /** From 1, fast, to 9, small. @default each coding's own for answers made on the fly */
  level?: number
}

/** HTTP_ETAG: `weak` says that the meaning is the same, `strong` that each byte is. */
export type HttpEtag = boolean | 'weak' | 'strong'

export const HTTP_COMPRESSION = defineOption({
  number: 230,
  name: 'HTTP_COMPRESSION',
  family,
  modes,
  schema: {
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        additionalProperties: false,
        properties: COMPRESSION_PROPERTIES,
      },
    ],
    description:
      'Answers of text are compressed for clients that take it: true, or { threshold, encodings, level }.',
  },
  value: type<boolean | HttpCompression>(),
  default: false,
})
export const HTTP_ETAG = defineOption({
  number: 231,
  name: 'HTTP_ETAG',
  family,
  modes,
  schema: {
    enum: [true, false, 'weak', 'strong'],
    description:
      "Whole answers of status 200 to GET and HEAD that have no ETag get one made of their bytes: 'weak' (or true), or 'strong'.",
  },
  value: type<HttpEtag>(),
  default: false,
})
export const HTTP_RANGES = defineOption({
  number: 236,
  name: 'HTTP_RANGES',
  family,
  modes,
  schema: boolean(
    'Parts are cut out of every whole answer of status 200 to GET, not only of those that say Accept-Ranges: bytes.',
  ),
  value: type<boolean>(),
  default: false,
})
