/**
 * Socket modes 0-9.
 * @module
 */
import { defineMode, type } from '@unisock/kernel/plugin'
import { binaryDatagramOwner, type DatagramWrite, textDatagramOwner } from './owner/datagram.ts'
import { type MudMessage, type MudWrite, mudOwner } from './owner/mud.ts'
import { binaryOwner, textOwner } from './owner/stream.ts'

const shared = { package: '@unisock/plugin-net', family: 'net' } as const
const text = {
  ...shared,
  kind: 'both',
  message: type<string>(),
  write: type<string | Uint8Array>(),
  owner: textOwner,
} as const
const binary = { ...text, message: type<Buffer>(), owner: binaryOwner } as const
const datagram = { ...shared, kind: 'client', restart: 'reconnect', write: type<DatagramWrite>() } as const

/** Telnet with what MUDs put on it, or FluffOS's mudmode: SO_MUD_FRAMING says which. */
export const MUD = defineMode({
  ...shared,
  number: 0,
  name: 'MUD',
  kind: 'both',
  message: type<MudMessage>(),
  write: type<MudWrite>(),
  owner: mudOwner,
})
/** TCP or a local socket; text. */
export const STREAM = defineMode({ ...text, number: 1, name: 'STREAM' })
/** UDP; text. A datagram that is no text comes as a Buffer. */
export const DATAGRAM = defineMode({
  ...datagram,
  number: 2,
  name: 'DATAGRAM',
  message: type<string | Buffer>(),
  owner: textDatagramOwner,
})
/** TCP or a local socket; bytes. */
export const STREAM_BINARY = defineMode({ ...binary, number: 3, name: 'STREAM_BINARY' })
/** UDP; bytes. */
export const DATAGRAM_BINARY = defineMode({
  ...datagram,
  number: 4,
  name: 'DATAGRAM_BINARY',
  message: type<Buffer>(),
  owner: binaryDatagramOwner,
})
/** TLS; text. */
export const STREAM_TLS = defineMode({ ...text, number: 5, name: 'STREAM_TLS', families: ['tls'] })
/** TLS; bytes. */
export const STREAM_TLS_BINARY = defineMode({
  ...binary,
  number: 6,
  name: 'STREAM_TLS_BINARY',
  families: ['tls'],
})
/** TCP with a compressed stream in each direction; bytes. */
export const STREAM_COMPRESSED = defineMode({ ...binary, number: 7, name: 'STREAM_COMPRESSED' })
/** TLS with a compressed stream in each direction; bytes. Never mix secrets and an attacker's text on it (CRIME). */
export const STREAM_TLS_COMPRESSED = defineMode({
  ...binary,
  number: 8,
  name: 'STREAM_TLS_COMPRESSED',
  families: ['tls'],
})
/** UDP, each datagram compressed by itself; bytes. */
export const DATAGRAM_COMPRESSED = defineMode({
  ...datagram,
  number: 9,
  name: 'DATAGRAM_COMPRESSED',
  message: type<Buffer>(),
  owner: binaryDatagramOwner,
})
