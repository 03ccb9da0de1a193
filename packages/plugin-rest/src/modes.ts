/**
 * The socket modes of REST servers and clients.
 * @module
 */
import { defineMode, HTTP_CLIENT_MODE, HTTP_SERVER_MODE, REST_MODE, type } from '@unisock/kernel/plugin'
import type { BodySource } from '@unisock/plugin-http/core'
import { restClientOwner } from './client/owner.ts'
import type { RestClientWrite } from './client/request.ts'
import type { RestResponse } from './client/response.ts'
import { restOwner } from './owner.ts'
import type { Problem } from './problem.ts'
import type { RestReply } from './reply.ts'
import type { RestRequest } from './request.ts'

/** What `write` takes on an exchange: a reply, the body of a 200, or a problem. */
export type RestWrite = RestReply | string | Uint8Array | BodySource | Problem

/** What an exchange's fd speaks. */
export interface RestExchange {
  family: 'rest' | 'http' | 'tls' | 'apache' | 'cache' | 'monitor' | 'core'
  message: RestRequest
  write: RestWrite
}

/**
 * A REST server: routes, validation, tokens and documentation over HTTP/1.1 and HTTP/2, with TLS where options 322 and
 * 323 are set. Each exchange is an fd. What no route's handler takes goes to the socket's.
 */
export const REST_SERVER = defineMode({
  number: 24,
  name: 'REST_SERVER',
  package: '@unisock/plugin-rest',
  family: 'rest',
  families: ['http', 'tls', 'apache', 'cache', 'monitor'],
  flags: [HTTP_SERVER_MODE, REST_MODE],
  kind: 'server',
  message: type<RestRequest>(),
  write: type<RestWrite>(),
  owner: restOwner,
})

/**
 * A client of REST APIs over HTTP/1.1, HTTP/2 and TLS: JSON both ways, tokens, and an OpenAPI document's operations by name. One fd
 * makes any number of requests at once.
 */
export const REST_CLIENT = defineMode({
  number: 25,
  name: 'REST_CLIENT',
  package: '@unisock/plugin-rest',
  family: 'rest',
  families: ['http', 'tls', 'cache'],
  flags: [HTTP_CLIENT_MODE, REST_MODE],
  kind: 'client',
  restart: 'reconnect',
  ownTarget: true,
  message: type<RestResponse>(),
  write: type<RestClientWrite>(),
  reply: type<RestResponse>(),
  owner: restClientOwner,
})
