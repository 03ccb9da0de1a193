/**
 * TLS on the server's side.
 * @module
 */
import type { Socket } from 'node:net'
import {
  createServer,
  type TlsOptions as NodeTlsOptions,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls'
import { SocketsError, toSocketsError } from '../errors.ts'
import { createTlsContext, type TlsContext, type TlsContextOptions, type TlsIdentity } from './context.ts'
import { TlsOptionError } from './option-error.ts'

/** How a server does handshakes. */
export interface TlsServerOptions extends TlsContextOptions {
  /** A prebuilt context, instead of certificate, key and the rest. */
  context?: TlsContext | undefined
  /** Contexts by server name; a name may begin with `*.`. */
  contexts?: Readonly<Record<string, TlsIdentity>> | undefined
  /**
   * Chooses a context by the name the client sent; asked where {@link contexts} has none. Undefined: the server's
   * own context.
   */
  onServerName?: ((name: string) => TlsContext | undefined | Promise<TlsContext | undefined>) | undefined
  /** Asks for a client certificate and refuses a client without a valid one. @default false */
  requestCert?: boolean | undefined
  /** Protocols for ALPN (RFC 7301), best first. */
  alpn?: readonly string[] | undefined
  /** Milliseconds a handshake may take. @default 30000 */
  handshakeTimeout?: number | undefined
}

/** A server's certificates, in the form that handshakes use. */
export interface ServerTls {
  /** For names without a context of their own, and for clients that send none. */
  readonly context: TlsContext
  readonly byName: ReadonlyMap<string, SecureContext>
  readonly options: TlsServerOptions
}

export const HANDSHAKE_TIMEOUT = 30_000

/**
 * Reads a server's options.
 *
 * @throws {TlsOptionError} naming the option that is missing, unreadable or does not fit the others.
 */
export function readServerTls(options: TlsServerOptions): ServerTls {
  const context = options.context ?? readOwnContext(options)
  const byName = new Map<string, SecureContext>()
  const { cert: _cert, key: _key, passphrase: _passphrase, ...shared } = options
  for (const [name, identity] of Object.entries(options.contexts ?? {}))
    byName.set(
      name.toLowerCase(),
      createTlsContext({ ...shared, ...identity }, `contexts ${name}`).secureContext,
    )
  return { context, byName, options }
}

function readOwnContext(options: TlsServerOptions): TlsContext {
  if (options.cert === undefined)
    throw new TlsOptionError('cert', 'must be set: a server needs a certificate')
  if (options.key === undefined) throw new TlsOptionError('key', "must be set: the certificate's key")
  return createTlsContext(options)
}

/** The context for a server name: its own, else that of `*.` and its parent (RFC 6125 section 6.4.3). */
export function contextFor(tls: ServerTls, name: string): SecureContext | undefined {
  if (tls.byName.size === 0) return undefined
  const lower = name.toLowerCase()
  const dot = lower.indexOf('.')
  return tls.byName.get(lower) ?? (dot > 0 ? tls.byName.get(`*${lower.slice(dot)}`) : undefined)
}

/** What node:tls and node:https servers take. `current` is asked at each handshake, so that certificates may change. */
export function serverTlsOptions(current: () => ServerTls): NodeTlsOptions {
  const { context, options } = current()
  const verify = options.requestCert ?? false
  return {
    ...context.options,
    requestCert: verify,
    rejectUnauthorized: verify,
    handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    ...(options.alpn && { ALPNProtocols: [...options.alpn] }),
    SNICallback: (name, done) => {
      const tls = current()
      const found = contextFor(tls, name)
      const ask = tls.options.onServerName
      if (found || !ask) return done(null, found)
      void Promise.resolve(name)
        .then(ask)
        .then(
          chosen => done(null, chosen?.secureContext),
          error => done(error),
        )
    },
  }
}

/** Gives a server other certificates, for its next handshakes. */
export function useServerTls(server: Server, { context, options }: ServerTls): void {
  server.setSecureContext(context.options)
  const requestCert = options.requestCert ?? false
  Object.assign(server, { requestCert, rejectUnauthorized: requestCert })
}

/** How handshakes of a {@link createHandshakes} server end. */
export interface HandshakeOutcomes {
  onSecure(socket: TLSSocket): void
  /** The connection is closed. With OpenSSL's or the verification's code. */
  onFailure(error: SocketsError, socket: TLSSocket): void
}

/** A server for {@link beginHandshake}. */
export function createHandshakes(current: () => ServerTls, outcomes: HandshakeOutcomes): Server {
  return createServer({ ...serverTlsOptions(current), pauseOnConnect: true })
    .on('secureConnection', socket => {
      socket.allowHalfOpen = true
      outcomes.onSecure(socket)
    })
    .on('tlsClientError', (error, socket) => {
      socket.destroy()
      outcomes.onFailure(handshakeError(error, socket), socket)
    })
}

/** The socket belongs to TLS from then on. A peer that ends its side before the handshake is done has left. */
export function beginHandshake(server: Server, socket: Socket): void {
  socket.allowHalfOpen = false
  server.emit('connection', socket)
}

function handshakeError(error: Error, { authorizationError }: TLSSocket): SocketsError {
  if (!authorizationError) return toSocketsError(error, 'accept')
  const code = String(authorizationError)
  return new SocketsError(code, `the client's certificate was refused (${code})`, {
    operation: 'accept',
    cause: error,
  })
}

/**
 * Does the server's half of a handshake over a connected socket, which belongs to TLS from then on.
 *
 * @throws {SocketsError} with OpenSSL's or the verification's code; `ERR_TLS_HANDSHAKE_TIMEOUT`, `ECONNRESET`.
 */
export function serverHandshake(socket: Socket, tls: ServerTls): Promise<TLSSocket> {
  return new Promise((onSecure, onFailure) => {
    beginHandshake(
      createHandshakes(() => tls, { onSecure, onFailure }),
      socket,
    )
  })
}
