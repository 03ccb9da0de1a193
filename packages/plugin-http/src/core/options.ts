/**
 * Options of HTTP servers: 100-109 and 220-229. All times are in milliseconds.
 * @module
 */
import { boolean, defineOption, integer, type } from '@unisock/kernel/plugin'
import { flattenHeaders, type HttpHeaders } from './headers.ts'

const family = 'http'
/** The longest delay a timer takes: 2³¹ - 1 ms. */
const MAX_DELAY = 2 ** 31 - 1
const milliseconds = (description: string, minimum: number) =>
  integer(`Milliseconds: ${description}`, minimum, MAX_DELAY)

export const HTTP_HEADERS = defineOption({
  number: 100,
  name: 'HTTP_HEADERS',
  family,
  schema: {
    type: 'object',
    description: "Headers of every response, or of a client's every request; its own win.",
    additionalProperties: {
      anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'array', items: { type: 'string' } }],
    },
  },
  value: type<HttpHeaders>(),
  default: {},
  check: flattenHeaders,
})
export const HTTP_TIMEOUT = defineOption({
  number: 104,
  name: 'HTTP_TIMEOUT',
  family,
  schema: milliseconds(
    'how long the program may take to answer (then 503), and a client to take a part of the answer. On a client: until the response is there.',
    1,
  ),
  value: type<number>(),
  default: 30_000,
})
export const HTTP_CONNECT_TIMEOUT = defineOption({
  number: 108,
  name: 'HTTP_CONNECT_TIMEOUT',
  family,
  schema: milliseconds(
    "from accept to the first byte of a connection's first request (then 408). On a client: until a connection stands. 0: no limit.",
    0,
  ),
  value: type<number>(),
  default: 30_000,
})
export const HTTP_READ_TIMEOUT = defineOption({
  number: 109,
  name: 'HTTP_READ_TIMEOUT',
  family,
  schema: milliseconds(
    'from the first to the last byte of a request (then 408), checked twice a second; its header has a minute of that. On a client: how long the server may be silent. 0: no limit.',
    0,
  ),
  value: type<number>(),
  default: 300_000,
})
export const HTTP_MAX_HEADER_SIZE = defineOption({
  number: 220,
  name: 'HTTP_MAX_HEADER_SIZE',
  family,
  schema: integer(
    "Bytes of a request's line and header fields (above: 431), or of a response's.",
    256,
    2 ** 20,
  ),
  value: type<number>(),
  when: 'before-bind',
  default: 16 * 1024,
})
export const HTTP_MAX_BODY_SIZE = defineOption({
  number: 221,
  name: 'HTTP_MAX_BODY_SIZE',
  family,
  schema: integer(
    "Bytes of a request's body, streamed ones too (above: 413). On a client: of a response's body that comes whole, decoded.",
    0,
    Number.MAX_SAFE_INTEGER,
  ),
  value: type<number>(),
  default: 2 ** 20,
})
export const HTTP_KEEP_ALIVE_TIMEOUT = defineOption({
  number: 222,
  name: 'HTTP_KEEP_ALIVE_TIMEOUT',
  family,
  schema: milliseconds('how long a connection may idle between requests. 0: no limit.', 0),
  value: type<number>(),
  default: 60_000,
})
export const HTTP_HEALTH_PATH = defineOption({
  number: 226,
  name: 'HTTP_HEALTH_PATH',
  family,
  modes: [20, 21, 24],
  schema: {
    type: 'string',
    pattern: '^/[^?#]*$',
    description: 'A path the worker answers by itself: 200, or 503 while draining.',
  },
  value: type<string>(),
})
export const HTTP_BODY_STREAM = defineOption({
  number: 229,
  name: 'HTTP_BODY_STREAM',
  family,
  schema: boolean("Request bodies, or a client's response bodies, arrive as a stream instead of whole."),
  value: type<boolean>(),
  default: false,
})
