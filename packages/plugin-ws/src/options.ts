/**
 * Options of the WebSocket modes: 120-129 and 270-274.
 * @module
 */
import { defineOption, type Schema, type } from '@unisock/kernel/plugin'
import type { AdmissionRequest } from './owner/admission.ts'
import type { HandshakeHead } from './owner/head.ts'

const family = 'ws'
/** Modes that may connect. */
const CLIENTS = [31, 33, 34, 35, 36]
/** Of them, those that may do so again. */
const RETURNING = [31, 33, 34, 36]
/** Modes whose messages and subprotocols are the program's. */
const MESSAGES = [30, 31, 32, 33, 36]
const FILES = 34
const COMPRESSED = 36
const integer = (description: string, minimum: number, maximum: number): Schema => ({
  type: 'integer',
  minimum,
  maximum,
  description,
})

/** A token of RFC 9110 section 5.6.2: what a subprotocol is called. */
const TOKEN = { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", maxLength: 255 }

const COMPRESSION = {
  windowBits: { type: 'integer', minimum: 9, maximum: 15 },
  memLevel: { type: 'integer', minimum: 1, maximum: 9 },
  threshold: { type: 'integer', minimum: 0, maximum: 2 ** 30 },
  contextTakeover: { type: 'boolean' },
}

/** A subprotocol, and what is different about it. */
export interface Subprotocol {
  name: string
  /** Whether text that is an object or array in JSON comes as that. @default true */
  json?: boolean
  /** On a server: a client that does not offer any subprotocol is refused. @default false */
  required?: boolean
}

/** Name or names; what a client offers and what a server accepts, best first. */
export type Subprotocols = string | readonly (string | Subprotocol)[]

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

/** Which files WEBSOCKET_FILE_STREAM sends and takes, and how. */
export interface Files {
  /**
   * The directory that everything is read from and written to. Without it files are neither sent by path nor given to the
   * peer, and none are taken: what a program sends from memory is all there is.
   */
  root?: string
  /** Bytes of a chunk. @default 65536 */
  chunk?: number
  /** Bytes of a file that is taken. @default 1073741824 */
  maxSize?: number
  /** Tell the SHA-256 of what is sent, and go on only behind bytes that are the same at both ends. @default true */
  digest?: boolean
}

/** Who is admitted to a server. Any of the three will do. */
export interface ServerAuth {
  /** Shown as `Authorization: Key …`, `Authorization: Bearer …` or the subprotocol `unisock.auth.…`. */
  keys?: readonly string[]
  /**
   * Called for clients that show none of the keys; they are admitted when it returns, or resolves with, `true` or a mapping.
   * The mapping says who the client is: WS_HANDSHAKE tells it as `identity`.
   */
  handler?: (request: AdmissionRequest) => unknown
  /** Refuse the others before the handshake is done; else they are admitted with `auth_valid` false. @default true */
  required?: boolean
}

/** What a client shows: `Authorization: Key …` or `Authorization: Bearer …`. */
export interface ClientAuth {
  key?: string
  bearer?: string
}

/** How a client comes back when its connection is lost. */
export interface Reconnect {
  /** Seconds that the first wait lasts at most; each is a random part of its longest (full jitter). @default 1 */
  min?: number
  /** Seconds that any wait lasts at most. @default 30 */
  max?: number
  /** By how much the longest wait grows with each failure. @default 2 */
  factor?: number
  /** Failures in a row after which the client ends. 0: none are too many. @default 0 */
  tries?: number
}

/** What `query(fd, WS_HANDSHAKE)` tells of a connection: of a server's the request, of a client's the response. */
export interface HandshakeInfo extends HandshakeHead {
  protocol: string
  /** As the handshake agreed on them (RFC 6455 section 9.1); empty without one. */
  extensions: string
  auth: boolean
  /** Who the client is, as the function of WS_AUTH has said. */
  identity?: Record<string, unknown>
}

export const WS_PROTOCOL = defineOption({
  number: 120,
  name: 'WS_PROTOCOL',
  family,
  modes: MESSAGES,
  schema: {
    anyOf: [
      TOKEN,
      {
        type: 'array',
        maxItems: 100,
        items: {
          anyOf: [
            TOKEN,
            {
              type: 'object',
              required: ['name'],
              additionalProperties: false,
              properties: { name: TOKEN, json: { type: 'boolean' }, required: { type: 'boolean' } },
            },
          ],
        },
      },
    ],
    description:
      'Subprotocols that a client offers or a server accepts, best first; { name, json: false } for one whose text is never JSON, { name, required: true } for a server that serves nobody without.',
  },
  value: type<Subprotocols>(),
  check: unique,
})
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
export const WS_ORIGIN = defineOption({
  number: 122,
  name: 'WS_ORIGIN',
  family,
  schema: {
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 1024 },
      { type: 'array', items: { type: 'string', minLength: 1, maxLength: 1024 }, maxItems: 1000 },
    ],
    description:
      "On a server: the origins whose pages may connect, exactly; 'null' and '*' only where listed. Default: pages of the server's own host and port; clients that are no browsers send no origin. On a client: the origin it sends.",
  },
  value: type<string | string[]>(),
})
export const WS_MAX_MESSAGE_SIZE = defineOption({
  number: 123,
  name: 'WS_MAX_MESSAGE_SIZE',
  family,
  schema: integer(
    'Bytes of a message that is taken, uncompressed; a larger one ends its connection with 1009.',
    1,
    2 ** 30,
  ),
  value: type<number>(),
  default: 1024 * 1024,
})
export const WS_PING_INTERVAL = defineOption({
  number: 124,
  name: 'WS_PING_INTERVAL',
  family,
  schema: integer('Seconds between pings. 0: none are sent.', 0, 3600),
  value: type<number>(),
  default: 30,
})
export const WS_PONG_TIMEOUT = defineOption({
  number: 125,
  name: 'WS_PONG_TIMEOUT',
  family,
  schema: integer('Seconds within which a ping must be answered.', 1, 600),
  value: type<number>(),
  default: 10,
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
export const WS_SUBPROTOCOL = defineOption({
  number: 127,
  name: 'WS_SUBPROTOCOL',
  family,
  schema: {
    ...TOKEN,
    description:
      'The subprotocol that was agreed on: asked by query. Set before bind or connect, the only one there is.',
  },
  value: type<string>(),
  when: 'before-bind',
})
export const WS_AUTH = defineOption({
  number: 128,
  name: 'WS_AUTH',
  family,
  schema: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      keys: {
        type: 'array',
        minItems: 1,
        maxItems: 10_000,
        items: { type: 'string', minLength: 1, maxLength: 4096 },
      },
      handler: { isFunction: true },
      required: { type: 'boolean' },
      key: { type: 'string', minLength: 1, maxLength: 4096, pattern: '^[\\x21-\\x7e]+$' },
      bearer: { type: 'string', minLength: 1, maxLength: 16_384, pattern: '^[\\x21-\\x7e]+$' },
    },
    description:
      'On a server: the keys that admit a client, or the function that does, and whether others are refused before the handshake is done. On a client: the key or bearer token that it shows.',
  },
  value: type<ServerAuth | ClientAuth>(),
  secret: true,
  check: oneSide,
})
export const WS_RECONNECT = defineOption({
  number: 129,
  name: 'WS_RECONNECT',
  family,
  modes: RETURNING,
  schema: {
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          min: { type: 'number', exclusiveMinimum: 0, maximum: 3600 },
          max: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
          factor: { type: 'number', minimum: 1, maximum: 10 },
          tries: { type: 'integer', minimum: 0, maximum: 1_000_000 },
        },
      },
    ],
    description: 'Connect again when the connection is lost, and after how long.',
  },
  value: type<boolean | Reconnect>(),
  default: false,
})
export const WS_FILE = defineOption({
  number: 270,
  name: 'WS_FILE',
  family,
  modes: [FILES],
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      root: { type: 'string', minLength: 1, maxLength: 4096 },
      chunk: { type: 'integer', minimum: 16 * 1024, maximum: 64 * 1024 },
      maxSize: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      digest: { type: 'boolean' },
    },
    description:
      'The directory that files are read from and written to (without one none are), and bounds of what is transferred.',
  },
  value: type<Files>(),
  default: {},
})
export const WS_DEFLATE = defineOption({
  number: 271,
  name: 'WS_DEFLATE',
  family,
  modes: [COMPRESSED],
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
export const WS_HANDSHAKE = defineOption({
  number: 272,
  name: 'WS_HANDSHAKE',
  family,
  schema: {
    type: ['object', 'null'],
    description: "What a connection's handshake said and agreed on: asked by query.",
  },
  value: type<HandshakeInfo | null>(),
  when: 'read-only',
  journal: 'action',
  default: null,
})
export const WS_HANDSHAKE_TIMEOUT = defineOption({
  number: 273,
  name: 'WS_HANDSHAKE_TIMEOUT',
  family,
  schema: integer(
    'Seconds within which a handshake must be done: on a server from the first byte, on a client from connect. The function of WS_AUTH has as long.',
    1,
    600,
  ),
  value: type<number>(),
  default: 10,
})
export const WS_HEADERS = defineOption({
  number: 274,
  name: 'WS_HEADERS',
  family,
  modes: CLIENTS,
  schema: {
    type: 'object',
    maxProperties: 100,
    propertyNames: { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" },
    additionalProperties: { type: 'string', maxLength: 16_384, pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$' },
    description: "Further header fields of a client's request.",
  },
  value: type<Record<string, string>>(),
  default: {},
  secret: true,
  check: ofTheProgram,
})

function unique(value: Subprotocols): void {
  if (typeof value === 'string') return
  const names = value.map(entry => (typeof entry === 'string' ? entry : entry.name))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`'${twice}' is listed twice`)
}

function oneSide(value: ServerAuth & ClientAuth): void {
  const server = value.keys !== undefined || value.handler !== undefined
  const client = Number(value.key !== undefined) + Number(value.bearer !== undefined)
  if (server && client > 0) throw new Error('keys and handler are for servers, key and bearer for clients')
  if (!server && client !== 1) throw new Error('give keys or a handler, or on a client either key or bearer')
  if (client > 0 && value.required !== undefined) throw new Error('required is for servers')
}

/** Fields that the handshake itself is made of (RFC 6455 section 4.1), or that frame a message. */
const RESERVED = /^(connection|upgrade|host|sec-websocket-.*|content-length|transfer-encoding|te|trailer)$/i

function ofTheProgram(value: Record<string, string>): void {
  const reserved = Object.keys(value).find(name => RESERVED.test(name))
  if (reserved !== undefined) throw new Error(`${reserved} is the handshake's own`)
}
