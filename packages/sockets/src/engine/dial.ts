/**
 * Connecting: happy eyeballs (RFC 8305), a deadline, a local address, and the TLS handshake where one is wanted.
 * @module
 */
import { connect, isIP, isIPv6, type LookupFunction, type NetConnectOpts, type Socket } from 'node:net'
import { checkHost, type HostResolver, hostResolver } from '../dns/index.ts'
import { SocketsError, toSocketsError } from '../errors.ts'
import { clientHandshake, readClientTls, type TlsClientOptions } from '../tls/client.ts'
import { reportAttempts } from './attempts.ts'
import { interfaceAddress } from './interface.ts'
import { checkPort, LOOPBACK, type Target } from './target.ts'

export interface DialOptions {
  /** Only addresses of this family. */
  family?: 4 | 6 | undefined
  /** The local address to connect from. */
  localAddress?: string | undefined
  localPort?: number | undefined
  /** The network interface to connect from, by name. */
  interface?: string | undefined
  /** Milliseconds until the connection must stand, its name resolved and all addresses tried. @default 30000 */
  timeout?: number | undefined
  /** Milliseconds before the next address is tried beside one that has not answered. @default 250 */
  attemptTimeout?: number | undefined
  /** Resolves names, and learns which of their addresses answer. @default the shared {@link hostResolver} */
  resolver?: HostResolver | undefined
  /** Resolves names instead of the resolver, in the form of dns.lookup. */
  lookup?: LookupFunction | undefined
  /** Switches Nagle's algorithm off. @default true */
  noDelay?: boolean | undefined
  /** TCP keep-alive probes. @default false */
  keepAlive?: boolean | undefined
  /** Bytes that are read ahead. */
  readWindow?: number | undefined
  /** Does the handshake; the socket is a TLSSocket then. */
  tls?: TlsClientOptions | undefined
  signal?: AbortSignal | undefined
}

const CONNECT_TIMEOUT = 30_000
const ATTEMPT_TIMEOUT = 250

/**
 * Connects. The socket's peer may half-close, and nothing was read of it.
 *
 * @throws {SocketsError} `ERR_INVALID_PORT`, `ERR_INVALID_HOST`, `ETIMEDOUT`; the system's errors with their own codes;
 * those of {@link clientHandshake}; `ERR_TLS_OPTION`, before anything is connected.
 * @throws {DNSError} with the resolver's code.
 */
export async function dial(to: Target, options: DialOptions = {}): Promise<Socket> {
  const tls = options.tls && readClientTls(options.tls)
  const socket = await connected(connect(connectOptions(to, options)), to, options)
  return tls
    ? clientHandshake(socket, to.path === undefined ? (to.host ?? LOOPBACK) : undefined, tls)
    : socket
}

function connectOptions(to: Target, options: DialOptions): NetConnectOpts {
  const { readWindow, noDelay = true, keepAlive = false } = options
  const shared = {
    allowHalfOpen: true,
    noDelay,
    keepAlive,
    ...(readWindow !== undefined && { highWaterMark: readWindow }),
  }
  if (to.path !== undefined) return { ...shared, path: to.path }
  const host = to.host ?? LOOPBACK
  if (!isIP(host)) checkHost(host)
  const local =
    options.interface === undefined ? undefined : interfaceAddress(options.interface, familyOf(host, options))
  const localAddress = options.localAddress ?? local
  if (localAddress !== undefined && !isIP(localAddress))
    throw new SocketsError('ERR_INVALID_SOURCE_HOST', `not a local address: ${localAddress}`, {
      operation: 'connect',
    })
  const family = localAddress === undefined ? options.family : isIPv6(localAddress) ? 6 : 4
  return {
    ...shared,
    host,
    port: checkPort(to.port, 'connect'),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: options.attemptTimeout ?? ATTEMPT_TIMEOUT,
    lookup: ofFamily(family, options.lookup ?? (options.resolver ?? hostResolver).lookup),
    ...(localAddress !== undefined && { localAddress }),
    ...(options.localPort !== undefined && { localPort: options.localPort }),
  }
}

/** Node tries one address only where it is told of a family itself. */
function ofFamily(family: 4 | 6 | undefined, lookup: LookupFunction): LookupFunction {
  if (family === undefined) return lookup
  return (host, options, callback) => lookup(host, { ...options, family }, callback)
}

function familyOf(host: string, { family }: DialOptions): 4 | 6 | undefined {
  const literal = isIP(host)
  return literal === 0 ? family : (literal as 4 | 6)
}

function connected(socket: Socket, to: Target, options: DialOptions): Promise<Socket> {
  const { timeout = CONNECT_TIMEOUT, signal } = options
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const byName = to.path === undefined && isIP(to.host ?? LOOPBACK) === 0 && !options.lookup
  const giveUp = byName ? reportAttempts(socket, options.resolver ?? hostResolver) : undefined
  const settle = (): void => {
    clearTimeout(timer)
    socket.off('connect', done).off('error', fail)
    signal?.removeEventListener('abort', abort)
  }
  const done = (): void => {
    settle()
    resolve(socket)
  }
  const fail = (error: unknown): void => {
    settle()
    socket.on('error', () => {}).destroy()
    reject(toSocketsError(error, 'connect'))
  }
  const abort = (): void =>
    fail(
      new SocketsError('ABORT_ERR', 'connecting was cancelled', {
        operation: 'connect',
        cause: signal!.reason,
      }),
    )
  const timer = setTimeout(() => {
    giveUp?.()
    const where = to.path ?? `${to.host ?? LOOPBACK} port ${to.port}`
    fail(
      new SocketsError('ETIMEDOUT', `no connection to ${where} within ${timeout} ms`, {
        operation: 'connect',
      }),
    )
  }, timeout)
  socket.on('connect', done).on('error', fail)
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort)
  return promise
}
