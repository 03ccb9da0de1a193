/**
 * TLS on the client's side.
 * @module
 */
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { SocketsError, toSocketsError } from '../errors.ts'
import { createTlsContext, type TlsContext, type TlsContextOptions } from './context.ts'
import { HANDSHAKE_TIMEOUT } from './server.ts'

/** How a client does its handshake. The peer is verified unless `insecure` says otherwise. */
export interface TlsClientOptions extends TlsContextOptions {
  /** A prebuilt context, instead of certificate, key and the rest. */
  context?: TlsContext | undefined
  /** The name that is sent (RFC 6066) and that the certificate must be for. @default the host connected to, `localhost` where it is not known */
  serverName?: string | undefined
  /** Talk to anybody: neither the certificate nor its name is verified. @default false */
  insecure?: boolean | undefined
  /** Protocols for ALPN (RFC 7301), best first. */
  alpn?: readonly string[] | undefined
  /** Milliseconds the handshake may take. @default 30000 */
  handshakeTimeout?: number | undefined
}

/** A client's options whose files were read. */
export type ClientTls = TlsClientOptions & { readonly context: TlsContext }

/** Reads a client's options. @throws {TlsOptionError} naming the one that is unreadable or does not fit the others. */
export function readClientTls(options: TlsClientOptions): ClientTls {
  return { ...options, context: options.context ?? createTlsContext(options) }
}

/**
 * Does a handshake over a connected socket, which belongs to TLS from then on. What was read of it and is still in its
 * buffer is the peer's first record.
 *
 * @throws {SocketsError} with OpenSSL's or the verification's code (`DEPTH_ZERO_SELF_SIGNED_CERT`,
 * `ERR_TLS_CERT_ALTNAME_INVALID`, `CERT_HAS_EXPIRED` …), `ETIMEDOUT`, `ECONNRESET`.
 */
export function clientHandshake(
  socket: Socket,
  host: string | undefined,
  options: ClientTls,
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const tls = connect({ ...clientTlsOptions(host, options), socket })
  const limit = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT
  const timer = setTimeout(() => {
    fail(
      new SocketsError('ETIMEDOUT', `the TLS handshake took longer than ${limit} ms`, {
        operation: 'connect',
      }),
    )
  }, limit)
  const settle = (): void => {
    clearTimeout(timer)
    tls.off('error', fail).off('close', closed).off('secureConnect', secured)
  }
  const secured = (): void => {
    settle()
    resolve(tls)
  }
  const fail = (error: unknown): void => {
    settle()
    tls.on('error', () => {}).destroy()
    reject(toSocketsError(error, 'connect'))
  }
  const closed = (): void =>
    fail(new SocketsError('ECONNRESET', 'the peer left during the TLS handshake', { operation: 'connect' }))
  tls.on('secureConnect', secured).on('error', fail).on('close', closed)
  return promise
}

function clientTlsOptions(host: string | undefined, options: ClientTls): ConnectionOptions {
  const serverName = options.serverName ?? (host !== undefined && !isIP(host) ? host : '')
  return {
    secureContext: options.context.secureContext,
    rejectUnauthorized: options.insecure !== true,
    host: options.serverName ?? host ?? 'localhost',
    servername: serverName,
    ...(options.alpn && { ALPNProtocols: [...options.alpn] }),
  }
}
