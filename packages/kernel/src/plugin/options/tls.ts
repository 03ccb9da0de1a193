/**
 * TLS options, shared by every plugin that speaks TLS: 0-1 and 320-337.
 * @module
 */
import { type } from '../../types.ts'
import { defineOption } from '../option.ts'
import { boolean, integer, text } from '../schemas.ts'

const family = 'tls'
const texts = (description: string) => ({
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', items: { type: 'string', minLength: 1 } },
  ],
  description,
})

/** A certificate and its key for one server name, as options 322-334 take them. */
export interface TlsContext {
  certificate: string
  privateKey: string
  passphrase?: string
  ca?: string | string[]
}

/** What `query(fd, TLS_SESSION)` tells. */
export interface TlsSessionInfo {
  protocol: string
  cipher: string
  alpn?: string
  /** The name the client sent. */
  serverName?: string
  /** The peer's certificate was asked for and is valid. */
  authorized: boolean
  authorizationError?: string
  peerCertificate?: {
    subject: string
    issuer: string
    altNames?: string
    fingerprint256: string
    serialNumber: string
    validFrom: string
    validTo: string
  }
}

export const SO_TLS_VERIFY_PEER = defineOption({
  number: 0,
  name: 'SO_TLS_VERIFY_PEER',
  family,
  schema: boolean(
    'Verify the peer. Default: on for clients; on a server it asks for a valid client certificate.',
  ),
  value: type<boolean>(),
})
export const SO_TLS_SNI_HOSTNAME = defineOption({
  number: 1,
  name: 'SO_TLS_SNI_HOSTNAME',
  family,
  schema: { type: 'string', maxLength: 253, description: 'The server name a client sends.' },
  value: type<string>(),
})
export const TLS_CIPHERS = defineOption({
  number: 320,
  name: 'TLS_CIPHERS',
  family,
  schema: text('OpenSSL cipher list.'),
  value: type<string>(),
  when: 'before-bind',
})
export const TLS_MIN_VERSION = defineOption({
  number: 321,
  name: 'TLS_MIN_VERSION',
  family,
  schema: {
    enum: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
    description: 'Oldest protocol version accepted.',
  },
  value: type<'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>(),
  when: 'before-bind',
  default: 'TLSv1.2',
})
export const TLS_CERTIFICATE = defineOption({
  number: 322,
  name: 'TLS_CERTIFICATE',
  family,
  schema: text('Certificate chain: PEM text or a path.'),
  value: type<string>(),
})
export const TLS_PRIVATE_KEY = defineOption({
  number: 323,
  name: 'TLS_PRIVATE_KEY',
  family,
  schema: text('Private key: PEM text or a path.'),
  value: type<string>(),
  secret: true,
})
export const TLS_CA = defineOption({
  number: 324,
  name: 'TLS_CA',
  family,
  schema: texts('Trusted authorities: PEM text, a file or a directory; one or several.'),
  value: type<string | string[]>(),
})
export const TLS_ALPN = defineOption({
  number: 329,
  name: 'TLS_ALPN',
  family,
  schema: {
    type: 'array',
    items: { type: 'string', minLength: 1, maxLength: 255 },
    description: 'ALPN protocols, best first.',
  },
  value: type<string[]>(),
  when: 'before-bind',
})
export const TLS_SNI = defineOption({
  number: 330,
  name: 'TLS_SNI',
  family,
  schema: {
    type: 'object',
    description: "A server's contexts by name; a name may begin with *.",
    additionalProperties: {
      type: 'object',
      required: ['certificate', 'privateKey'],
      additionalProperties: false,
      properties: {
        certificate: text('Certificate chain: PEM text or a path.'),
        privateKey: text('Private key: PEM text or a path.'),
        passphrase: { type: 'string' },
        ca: texts('Trusted authorities.'),
      },
    },
  },
  value: type<Record<string, TlsContext>>(),
  secret: true,
})
export const TLS_CLIENT_CERT = defineOption({
  number: 333,
  name: 'TLS_CLIENT_CERT',
  family,
  schema: {
    type: 'object',
    required: ['certificate', 'privateKey'],
    additionalProperties: false,
    properties: {
      certificate: text('Certificate chain: PEM text or a path.'),
      privateKey: text('Private key: PEM text or a path.'),
      passphrase: { type: 'string' },
    },
    description: 'What a client presents.',
  },
  value: type<{ certificate: string; privateKey: string; passphrase?: string }>(),
  secret: true,
})
export const TLS_PASSPHRASE = defineOption({
  number: 334,
  name: 'TLS_PASSPHRASE',
  family,
  schema: { type: 'string', description: "The private key's passphrase." },
  value: type<string>(),
  secret: true,
})
export const TLS_DH_PARAMS = defineOption({
  number: 335,
  name: 'TLS_DH_PARAMS',
  family,
  schema: text("Diffie-Hellman parameters: PEM text, a path, or 'auto'."),
  value: type<string>(),
  when: 'before-bind',
})
export const TLS_LOW_MEMORY = defineOption({
  number: 336,
  name: 'TLS_LOW_MEMORY',
  family,
  schema: boolean('Small session cache and no session tickets: less memory a connection.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const TLS_HANDSHAKE_TIMEOUT = defineOption({
  number: 337,
  name: 'TLS_HANDSHAKE_TIMEOUT',
  family,
  schema: integer('Seconds a TLS handshake may take.', 1, 600),
  value: type<number>(),
  when: 'before-bind',
  default: 30,
})
export const TLS_SESSION = defineOption({
  number: 338,
  name: 'TLS_SESSION',
  family,
  schema: {
    type: ['object', 'null'],
    description: "What a connection's handshake agreed on, and the peer's certificate: asked by query.",
  },
  value: type<TlsSessionInfo | null>(),
  when: 'read-only',
  journal: 'action',
  default: null,
})
