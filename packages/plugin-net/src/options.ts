/**
 * Options of modes 0-9 that no other plugin takes: 5-8, 10-11, 17-20 and 23-25.
 * @module
 */
import { boolean, defineOption, integer, type Schema, type } from '@unisock/kernel/plugin'
import type { DecoderSettings } from './mudmode/index.ts'
import type { MsspValues, TelnetSettings } from './telnet/index.ts'
import { OPTIONS } from './telnet/options.ts'

const family = 'net'
const STREAMS = [0, 1, 3, 5, 6, 7, 8]
const DATAGRAMS = [2, 4, 9]
const address: Schema = { type: 'string', minLength: 1, maxLength: 255 }

export const SO_REUSEADDR = defineOption({
  number: 5,
  name: 'SO_REUSEADDR',
  family,
  modes: DATAGRAMS,
  schema: boolean('Several sockets of this machine may be bound to the port; multicast groups need it.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const SO_RCVBUF = defineOption({
  number: 6,
  name: 'SO_RCVBUF',
  family,
  modes: DATAGRAMS,
  schema: integer(
    "Bytes of the system's receive buffer; it may grant another size, which query tells.",
    256,
    2 ** 30,
  ),
  value: type<number>(),
})
export const SO_SNDBUF = defineOption({
  number: 7,
  name: 'SO_SNDBUF',
  family,
  modes: DATAGRAMS,
  schema: integer(
    "Bytes of the system's send buffer; it may grant another size, which query tells.",
    256,
    2 ** 30,
  ),
  value: type<number>(),
})
export const SO_TIMEOUT = defineOption({
  number: 8,
  name: 'SO_TIMEOUT',
  family,
  modes: STREAMS,
  schema: integer(
    'Seconds without traffic after which a connection is closed with ETIMEDOUT. 0: never.',
    0,
    86_400,
  ),
  value: type<number>(),
  default: 0,
})
export const SO_BROADCAST = defineOption({
  number: 10,
  name: 'SO_BROADCAST',
  family,
  modes: DATAGRAMS,
  schema: boolean('Datagrams may be sent to broadcast addresses.'),
  value: type<boolean>(),
  default: false,
})
export const SO_LONG_TIMEOUT = defineOption({
  number: 11,
  name: 'SO_LONG_TIMEOUT',
  family,
  modes: STREAMS,
  schema: integer(
    'Minutes without traffic after which a connection is closed with ETIMEDOUT. 0: never.',
    0,
    1440,
  ),
  value: type<number>(),
  default: 0,
})
export const SO_MUD_FRAMING = defineOption({
  number: 17,
  name: 'SO_MUD_FRAMING',
  family,
  modes: [0],
  schema: {
    enum: ['telnet', 'mudmode'],
    description:
      "telnet: lines, negotiation, GMCP, MCCP. mudmode: FluffOS's values behind a length (Intermud-3).",
  },
  value: type<'telnet' | 'mudmode'>(),
  when: 'before-bind',
  default: 'telnet',
})

/** The encodings of text modes. */
export type TextEncoding = 'utf8' | 'latin1' | 'ascii' | 'utf16le'

export const SO_ENCODING = defineOption({
  number: 18,
  name: 'SO_ENCODING',
  family,
  modes: [1, 2, 5],
  schema: {
    enum: ['utf8', 'latin1', 'ascii', 'utf16le'],
    description: 'How the text of a text mode is written. Bytes that are no text read as U+FFFD.',
  },
  value: type<TextEncoding>(),
  default: 'utf8',
})

/** What SO_COMPRESSION takes. */
export interface CompressionOption {
  /** `zlib` (RFC 1950) or `zstd` (RFC 8878), where the Node has it. @default 'zlib' */
  algorithm?: 'zlib' | 'zstd'
  /** zlib 0-9, zstd 1-22. */
  level?: number
  /** Log2 of the history: zlib 9-15, zstd 10-27. */
  windowBits?: number
  /** zlib 1-9. */
  memLevel?: number
  /** Bytes both ends know beforehand; text counts as UTF-8. */
  dictionary?: string | Uint8Array
  /** The most output for each byte of input. @default 200 */
  maxRatio?: number
  /** The most bytes that what arrives at once may become. @default 16 MiB */
  maxOutput?: number
  /** Datagrams only: the compressed bytes alone, without the header byte; what plain zlib peers send. @default false */
  raw?: boolean
}

export const SO_COMPRESSION = defineOption({
  number: 19,
  name: 'SO_COMPRESSION',
  family,
  modes: [7, 8, 9],
  schema: {
    type: 'object',
    additionalProperties: false,
    description: 'Algorithm, level, memory and limits of a compressed mode.',
    properties: {
      algorithm: { enum: ['zlib', 'zstd'] },
      level: integer('zlib 0-9, zstd 1-22.', 0, 22),
      windowBits: integer('Log2 of the history.', 9, 27),
      memLevel: integer('zlib 1-9.', 1, 9),
      dictionary: {},
      maxRatio: integer('The most output for each byte of input.', 1, 100_000),
      maxOutput: integer('The most bytes that what arrives at once may become.', 1024, 2 ** 30),
      raw: { type: 'boolean' },
    },
  },
  value: type<CompressionOption>(),
  check({ dictionary }) {
    if (dictionary !== undefined && typeof dictionary !== 'string' && !(dictionary instanceof Uint8Array))
      throw new Error('dictionary must be text or a Uint8Array')
  },
  when: 'before-bind',
  default: {},
})

/** What SO_MULTICAST takes. */
export interface MulticastOption {
  /** Groups to be in. Setting the option again joins and leaves what differs. */
  join?: { group: string; interface?: string; source?: string }[]
  /** The interface, by address, that datagrams to groups leave by. */
  interface?: string
  /** Hops. @default 1 */
  ttl?: number
  /** Datagrams to groups come back to this machine. @default true */
  loopback?: boolean
}

export const SO_MULTICAST = defineOption({
  number: 20,
  name: 'SO_MULTICAST',
  family,
  modes: DATAGRAMS,
  schema: {
    type: 'object',
    additionalProperties: false,
    description: 'Multicast groups, and how datagrams to groups are sent.',
    properties: {
      join: {
        type: 'array',
        maxItems: 64,
        items: {
          type: 'object',
          required: ['group'],
          additionalProperties: false,
          properties: { group: address, interface: address, source: address },
        },
      },
      interface: address,
      ttl: integer('Hops.', 0, 255),
      loopback: { type: 'boolean' },
    },
  },
  value: type<MulticastOption>(),
  default: {},
})

/** What SO_CONNECT takes. */
export interface ConnectOption {
  /** Milliseconds until the connection must stand. @default 30000 */
  timeout?: number
  /** The local address to connect from. */
  localAddress?: string
  localPort?: number
  /** The network interface to connect from, by name. */
  interface?: string
  /** Only addresses of this family. */
  family?: 4 | 6
}

/** What SO_TELNET takes: how the telnet framing of mode 0 negotiates. */
export type TelnetOption = Omit<TelnetSettings, 'compression' | 'mssp'> & {
  /** What crawlers are told (MSSP); without it the option is refused. */
  mssp?: MsspValues
}

const optionNames: Schema = {
  type: 'array',
  maxItems: 64,
  items: { anyOf: [{ enum: Object.keys(OPTIONS) }, integer('An option by number.', 0, 255)] },
}
const msspValue: Schema = { type: ['string', 'number', 'boolean'] }
const charset: Schema = { enum: ['utf-8', 'latin1', 'ascii'] }

export const SO_TELNET = defineOption({
  number: 23,
  name: 'SO_TELNET',
  family,
  modes: [0],
  schema: {
    type: 'object',
    additionalProperties: false,
    description:
      'How the telnet framing negotiates: what is offered and refused, MSSP, character sets, limits.',
    properties: {
      offer: optionNames,
      refuse: optionNames,
      accept: { type: 'array', maxItems: 64, items: integer('An option by number.', 0, 255) },
      mssp: {
        type: 'object',
        additionalProperties: { anyOf: [msspValue, { type: 'array', items: msspValue }] },
      },
      charset,
      charsets: { type: 'array', items: charset },
      terminal: {
        type: 'array',
        minItems: 1,
        maxItems: 16,
        items: { type: 'string', minLength: 1, maxLength: 40 },
      },
      mtts: integer('The sum of MTTS bits a client tells; 0: none.', 0, 65535),
      window: {
        type: 'object',
        required: ['width', 'height'],
        additionalProperties: false,
        properties: { width: integer('Columns.', 0, 65535), height: integer('Rows.', 0, 65535) },
      },
      maxLine: integer('UTF-16 units after which a line comes in pieces.', 64, 2 ** 24),
      maxSubnegotiation: integer('Bytes after which a subnegotiation is dropped.', 64, 2 ** 24),
      aytReply: { type: 'string', maxLength: 1024 },
    },
  },
  value: type<TelnetOption>(),
  default: {},
})

export const SO_MUDMODE = defineOption({
  number: 24,
  name: 'SO_MUDMODE',
  family,
  modes: [0],
  schema: {
    type: 'object',
    additionalProperties: false,
    description:
      "The mudmode framing's limits, and whether it accepts what known Intermud peers send wrongly.",
    properties: {
      maxFrame: integer('Bytes of a frame.', 16, 2 ** 30),
      tolerant: { type: 'boolean' },
      maxArray: integer('Elements of an array.', 1, 10_000_000),
      maxMapping: integer('Pairs of a mapping.', 1, 10_000_000),
    },
  },
  value: type<DecoderSettings>(),
  default: {},
})

export const SO_CONNECT = defineOption({
  number: 25,
  name: 'SO_CONNECT',
  family,
  modes: STREAMS,
  schema: {
    type: 'object',
    additionalProperties: false,
    description: 'How a client connects: from where, to which family, how long.',
    properties: {
      timeout: integer('Milliseconds.', 1, 600_000),
      localAddress: address,
      localPort: integer('Port.', 0, 65535),
      interface: address,
      family: { enum: [4, 6] },
    },
  },
  value: type<ConnectOption>(),
  when: 'before-bind',
  default: {},
})
