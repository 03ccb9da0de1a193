/**
 * The socket modes of HTTP servers and clients.
 * @module
 */
import { defineMode, HTTP_CLIENT_MODE, HTTP_SERVER_MODE, type } from '@unisock/kernel/plugin'
import { type HttpClientWrite, type HttpResponse, httpClientOwner } from './client/index.ts'
import { type HttpRequest, type HttpWrite, httpOwner } from './core/index.ts'

const shared = {
  package: '@unisock/plugin-http',
  family: 'http',
  families: ['tls', 'apache', 'cache', 'monitor'],
  flags: [HTTP_SERVER_MODE],
  kind: 'server',
  message: type<HttpRequest>(),
  write: type<HttpWrite>(),
  owner: httpOwner,
} as const

/** A server of HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113). Each exchange is an fd: its handler gets the request, one `write` answers it. */
export const HTTP_SERVER = defineMode({
  number: 20,
  name: 'HTTP_SERVER',
  ...shared,
})

/** HTTP_SERVER over TLS: options 322 and 323 give its certificate and key. */
export const HTTPS_SERVER = defineMode({
  number: 21,
  name: 'HTTPS_SERVER',
  ...shared,
})

const client = {
  package: '@unisock/plugin-http',
  family: 'http',
  families: ['tls', 'cache'],
  flags: [HTTP_CLIENT_MODE],
  kind: 'client',
  restart: 'reconnect',
  ownTarget: true,
  message: type<HttpResponse<HttpClientWrite>>(),
  write: type<HttpClientWrite>(),
  reply: type<HttpResponse<HttpClientWrite>>(),
  owner: httpClientOwner,
} as const

/** A client of HTTP/1.1 and HTTP/2. One fd makes any number of requests at once; `request` resolves with a response. */
export const HTTP_CLIENT = defineMode({
  number: 22,
  name: 'HTTP_CLIENT',
  ...client,
})

/** HTTP_CLIENT that asks for nothing but over TLS. */
export const HTTPS_CLIENT = defineMode({
  number: 23,
  name: 'HTTPS_CLIENT',
  ...client,
})
