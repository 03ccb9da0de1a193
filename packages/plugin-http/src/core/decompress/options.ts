/**
 * Option 232: packed request bodies.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'

const CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const

export type RequestCoding = (typeof CODINGS)[number]

/** HTTP_DECOMPRESS's value. */
export interface Decompress {
  /** Which codings are undone; others are 415. @default all four */
  codings?: readonly RequestCoding[]
  /** How many times larger than it was sent a body may become, from 64 KiB on (beyond: 413). @default 200 */
  ratio?: number
}

export const HTTP_DECOMPRESS = defineOption({
  number: 232,
  name: 'HTTP_DECOMPRESS',
  family: 'http',
  modes: [20, 21, 24],
  schema: {
    description:
      'Request bodies with a Content-Encoding are unpacked, up to HTTP_MAX_BODY_SIZE. Off: they arrive as they were sent, and where they would be parsed they are refused with 415.',
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          codings: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: CODINGS } },
          ratio: { type: 'number', minimum: 1 },
        },
      },
    ],
  },
  value: type<boolean | Decompress>(),
  default: false,
})
