/**
 * The socket modes of HTTP servers.
 * @module
 */
import { defineMode, HTTP_SERVER_MODE, type } from '@unisock/kernel/plugin'
import { type HttpRequest, type HttpWrite, httpOwner } from './core/index.ts'

const shared = {
  package: '@unisock/plugin-http',
  family: 'http',
  families: ['tls'],
  flags: [HTTP_SERVER_MODE],
  kind: 'server',
  message: type<HttpRequest>(),
  write: type<HttpWrite>(),
  owner: httpOwner,
} as const

/** An HTTP/1.1 server (RFC 9112). Each exchange is an fd: its handler gets the request, one `write` answers it. */
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
