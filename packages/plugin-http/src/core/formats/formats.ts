/**
 * What may be said about media types beside JSON: on a listener, and on a route.
 * @module
 */
import type { Schema } from '@unisock/kernel/plugin'

const NAMES = ['msgpack', 'cbor'] as const

/** `msgpack` is application/msgpack and its older names, `cbor` application/cbor (RFC 8949). */
export type FormatName = (typeof NAMES)[number]

/** HTTP_FORMATS's value, and a route's `formats`. */
export interface Formats {
  /** @default both */
  types?: readonly FormatName[]
  /** Who accepts none of them, nor JSON, is answered 406 instead of JSON. @default false */
  strict?: boolean
}

export const FORMATS_SCHEMA: Schema = {
  description:
    'Media types beside JSON that request bodies may have, and that JSON answers are turned into for those who prefer them.',
  anyOf: [
    { type: 'boolean' },
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        types: { type: 'array', uniqueItems: true, items: { enum: NAMES } },
        strict: { type: 'boolean' },
      },
    },
  ],
}
