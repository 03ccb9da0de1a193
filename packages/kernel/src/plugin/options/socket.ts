/**
 * Options of every network socket: 0-44 of the table, without TLS.
 * @module
 */
import { type } from '../../types.ts'
import { defineOption } from '../option.ts'
import { boolean, integer } from '../schemas.ts'

const family = 'core'
const MAX_BYTES = 2 ** 30

export const SO_KEEPALIVE = defineOption({
  number: 3,
  name: 'SO_KEEPALIVE',
  family,
  schema: boolean('TCP keep-alive probes on connections.'),
  value: type<boolean>(),
  default: false,
})
export const SO_NODELAY = defineOption({
  number: 4,
  name: 'SO_NODELAY',
  family,
  schema: boolean("Switches Nagle's algorithm off."),
  value: type<boolean>(),
  default: true,
})
export const SO_LINGER = defineOption({
  number: 9,
  name: 'SO_LINGER',
  family,
  schema: integer('Seconds that close waits for what is queued and in flight before it drops it.', 0, 3600),
  value: type<number>(),
  default: 10,
})
export const SO_BACKLOG = defineOption({
  number: 12,
  name: 'SO_BACKLOG',
  family,
  schema: integer('Connections the system may hold for accept.', 1, 65535),
  value: type<number>(),
  when: 'before-bind',
  default: 511,
})
export const SO_REUSEPORT = defineOption({
  number: 13,
  name: 'SO_REUSEPORT',
  family,
  schema: boolean('Several listeners share one port; the system spreads connections over them. Linux only.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const SO_IPV6ONLY = defineOption({
  number: 14,
  name: 'SO_IPV6ONLY',
  family,
  schema: boolean('A listener on :: takes no IPv4 connections.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const SO_READ_WINDOW = defineOption({
  number: 15,
  name: 'SO_READ_WINDOW',
  family,
  schema: integer('Bytes of messages a connection may have on their way to the program.', 1024, MAX_BYTES),
  value: type<number>(),
  default: 256 * 1024,
})
export const SO_WRITE_HIGH_WATER = defineOption({
  number: 16,
  name: 'SO_WRITE_HIGH_WATER',
  family,
  schema: integer(
    'Queued bytes above which write returns false. At sixteen times as much the fd closes.',
    1024,
    MAX_BYTES,
  ),
  value: type<number>(),
  default: 256 * 1024,
})
export const SO_OVERFLOW = defineOption({
  number: 21,
  name: 'SO_OVERFLOW',
  family,
  schema: {
    enum: ['close', 'drop', 'latest'],
    description: 'What a broadcast does to a connection that is not keeping up.',
  },
  value: type<'close' | 'drop' | 'latest'>(),
  default: 'close',
})
export const SO_HALF_OPEN = defineOption({
  number: 22,
  name: 'SO_HALF_OPEN',
  family,
  schema: boolean("The peer's half-close does not end the fd."),
  value: type<boolean>(),
  default: false,
})
export const SO_MAX_CONNECTIONS = defineOption({
  number: 44,
  name: 'SO_MAX_CONNECTIONS',
  family,
  schema: integer(
    'Connections a listener holds at once; further ones are refused. 0: no limit.',
    0,
    1_000_000,
  ),
  value: type<number>(),
  default: 0,
})
