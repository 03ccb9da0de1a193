/**
 * How messages are compressed: 121, 126 and 271.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { family } from './family.ts'

const COMPRESSION = {
  windowBits: { type: 'integer', minimum: 9, maximum: 15 },
  memLevel: { type: 'integer', minimum: 1, maximum: 9 },
  threshold: { type: 'integer', minimum: 0, maximum: 2 ** 30 },
  contextTakeover: { type: 'boolean' },
}

/** How permessage-deflate is used (RFC 7692). */
export interface Compression {
  /** The largest window, as a power of two: memory for either direction of a connection. @default 10 */
  windowBits?: number
  /** zlib's memory level. @default 4 */
  memLevel?: number
  /** Bytes from which a message is compressed. @default 1024 */
  threshold?: number
  /** Messages may refer to those before them: smaller, and the memory stays in use between them. @default false */
  contextTakeover?: boolean
}

/** How WEBSOCKET_COMPRESSED_NATIVE compresses (RFC 7692). */
export interface Deflate extends Compression {
  /** zlib's level: 1 is the fastest, 9 the smallest. @default 6 */
  level?: number
  /**
   * How many times its own size a message may be once it is inflated, beyond the first 64 KiB; one that is larger ends its
   * connection with 1009. With contextTakeover WS_MAX_MESSAGE_SIZE alone is the limit. @default 200
   */
  maxRatio?: number
}

export const WS_EXTENSIONS = defineOption({
  number: 121,
  name: 'WS_EXTENSIONS',
  family,
  schema: {
    type: 'array',
    items: { enum: ['permessage-deflate'] },
    uniqueItems: true,
    description: 'Extensions that are offered or accepted: permessage-deflate, as WS_COMPRESSION sets it up.',
  },
  value: type<'permessage-deflate'[]>(),
  default: [],
})
export const WS_COMPRESSION = defineOption({
  number: 126,
  name: 'WS_COMPRESSION',
  family,
  schema: {
    anyOf: [{ type: 'boolean' }, { type: 'object', additionalProperties: false, properties: COMPRESSION }],
    description: 'permessage-deflate (RFC 7692), and how. Default: as WS_EXTENSIONS lists it.',
  },
  value: type<boolean | Compression>(),
})
export const WS_DEFLATE = defineOption({
  number: 271,
  name: 'WS_DEFLATE',
  family,
  modes: [36],
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...COMPRESSION,
      level: { type: 'integer', minimum: 1, maximum: 9 },
      maxRatio: { type: 'number', minimum: 1, maximum: 2000 },
    },
    description: 'How messages are compressed, and how much larger than they are they may become.',
  },
  value: type<Deflate>(),
  default: {},
})
