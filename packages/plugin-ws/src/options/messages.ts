/**
 * What a connection takes, and how it is known to be alive: 123-125.
 * @module
 */
import { defineOption, integer, type } from '@unisock/kernel/plugin'
import { family } from './family.ts'

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
