/**
 * What a handshake says, and how long it may take: 122 and 272-274.
 * @module
 */
import { defineOption, integer, type } from '@unisock/kernel/plugin'
import type { HandshakeHead } from '../owner/head.ts'
import { family, TOKEN_PATTERN } from './family.ts'

/** Modes that may connect. */
const CLIENTS = [31, 33, 34, 35, 36]

/** What `query(fd, WS_HANDSHAKE)` tells of a connection: of a server's the request, of a client's the response. */
export interface HandshakeInfo extends HandshakeHead {
  protocol: string
  /** As the handshake agreed on them (RFC 6455 section 9.1); empty without one. */
  extensions: string
  auth: boolean
  /** Who the client is, as the function of WS_AUTH has said, or the claims of its token. */
  identity?: Record<string, unknown>
}

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
    propertyNames: { pattern: TOKEN_PATTERN },
    additionalProperties: { type: 'string', maxLength: 16_384, pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$' },
    description: "Further header fields of a client's request.",
  },
  value: type<Record<string, string>>(),
  default: {},
  secret: true,
  check: ofTheProgram,
})

/** Fields that the handshake itself is made of (RFC 6455 section 4.1), or that frame a message. */
const RESERVED = /^(connection|upgrade|host|sec-websocket-.*|content-length|transfer-encoding|te|trailer)$/i

function ofTheProgram(value: Record<string, string>): void {
  const reserved = Object.keys(value).find(name => RESERVED.test(name))
  if (reserved !== undefined) throw new Error(`${reserved} is the handshake's own`)
}
