/**
 * Options of HTTP/2: 340-342.
 * @module
 */
import { boolean, defineOption, integer, type } from '@unisock/kernel/plugin'

const family = 'http'
/** HTTP_SERVER, HTTPS_SERVER and REST_SERVER. */
const servers = [20, 21, 24]

export const HTTP2_ENABLE = defineOption({
  number: 340,
  name: 'HTTP2_ENABLE',
  family,
  schema: boolean(
    'HTTP/2. Without it: over TLS, where ALPN agrees on it. false: never. true: without TLS too, where a client speaks it from its first byte on (prior knowledge).',
  ),
  value: type<boolean>(),
  when: 'before-bind',
})
export const HTTP2_MAX_STREAMS = defineOption({
  number: 341,
  name: 'HTTP2_MAX_STREAMS',
  family,
  modes: servers,
  schema: integer('Requests of one HTTP/2 connection that are served at once.', 1, 10_000),
  value: type<number>(),
  when: 'before-bind',
  default: 100,
})
export const HTTP2_WINDOW = defineOption({
  number: 342,
  name: 'HTTP2_WINDOW',
  family,
  modes: servers,
  schema: integer(
    "Bytes of a request's body that a client may send ahead of what was read of it; a connection's requests together have four times that.",
    65_535,
    2 ** 28,
  ),
  value: type<number>(),
  when: 'before-bind',
  default: 256 * 1024,
})
