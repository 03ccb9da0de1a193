/**
 * A WebSocket client: the driver of its fd, across all the connections it has in turn.
 * @module
 */
import type { Socket } from 'node:net'
import {
  type Addr,
  Backoff,
  type CloseOptions,
  clientTlsSettings,
  type Driver,
  libraryFailure,
  type PluginSocket,
  type Reconnect,
  SO_LINGER,
  SO_READ_WINDOW,
  SocketError,
  type Target,
  tlsFailure,
} from '@unisock/kernel/plugin'
import { dial } from '@unisock/sockets/dial'
import { peerAddress, type TimerWheel } from '@unisock/sockets/engine'
import type { Ending } from '../connection/ending.ts'
import type { ConnectionHost } from '../connection/host.ts'
import type { WsConnection } from '../connection/ws-connection.ts'
import {
  type ClientAuth,
  type ServerAuth,
  WS_AUTH,
  WS_HANDSHAKE_TIMEOUT,
  WS_HEADERS,
  WS_MAX_MESSAGE_SIZE,
  WS_ORIGIN,
  WS_RECONNECT,
} from '../options/index.ts'
import type { Profile } from '../profile.ts'
import type { WrittenWire } from '../wire.ts'
import { handshake } from './handshake.ts'
import { mayRetry, mayReturn } from './may-return.ts'
import { type Destination, destinationOf } from './target.ts'

/** Bytes that Node reads ahead of the fd's credit. */
const READ_AHEAD = 64 * 1024

/** The row by which a restarted worker knows that there was a connection. */
const CONNECTED = 'connected'
/** Where a client is that is on its way back: `reopened` tells the program when it has arrived. */
const NOWHERE: Addr = { address: '', port: 0, family: 'IPv4' }

export class WsClient implements Driver, ConnectionHost {
  readonly #socket: PluginSocket
  readonly #secure: boolean
  readonly #wheel: TimerWheel
  readonly #profile: Profile
  #destination: Destination | undefined
  #connection: WsConnection | undefined
  #attempt: AbortController | undefined
  readonly #backoff = new Backoff()
  /** On the clock of `performance.now()`. */
  #openedAt = 0
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(socket: PluginSocket, secure: boolean, wheel: TimerWheel, profile: Profile) {
    this.#socket = socket
    this.#secure = secure
    this.#wheel = wheel
    this.#profile = profile
  }

  /** @throws {SocketError} as {@link handshake}'s; `EBADADDR`, `EINVAL`, `ETIMEDOUT`; the system's errors. */
  async connect(to: Target): Promise<Addr> {
    if (to.on !== undefined) throw new SocketError('EBADADDR', 'a client connects to a URL, a port or a path')
    this.#destination = destinationOf(to, this.#secure)
    if (this.#socket.kept.has(CONNECTED)) return this.#comeBack()
    const addr = await this.#open(this.#destination)
    this.#socket.keep(CONNECTED, true)
    return addr
  }

  /** @throws {SocketError} `ENOTCONN` while there is no connection: nothing is kept for the next one. */
  write(message: WrittenWire): boolean {
    if (this.#connection) return this.#connection.write(message)
    throw new SocketError('ENOTCONN', this.#destination ? 'the connection is lost' : 'connect first')
  }

  resume(): void {
    this.#connection?.resume()
  }

  end(): void {
    this.#giveUp()
    if (this.#connection) this.#connection.end()
    else this.#socket.close()
  }

  setOption(option: number, value: unknown): void {
    if (option === WS_RECONNECT) this.#backoff.reset()
    this.#connection?.setOption(option, value)
  }

  /** @throws {SocketError} `ENOTCONN` */
  query(option: number): unknown {
    if (!this.#connection) throw new SocketError('ENOTCONN', 'there is no connection to ask')
    return this.#connection.query(option)
  }

  drain(): void {
    this.#giveUp()
    this.#connection?.drain()
  }

  inspect(): unknown {
    return { url: this.#destination?.url, ...(this.#connection?.inspect() as object | undefined) }
  }

  async close(options: CloseOptions): Promise<void> {
    this.#giveUp()
    await this.#connection?.close(options)
  }

  /** The connection was lost with the worker that had it. */
  #comeBack(): Addr {
    if (this.#reconnect === false)
      throw new SocketError('EPLUGIN', 'the worker was restarted, and WS_RECONNECT (129) is off')
    this.#again(new SocketError('EPLUGIN', 'the connection was lost with its worker'))
    return NOWHERE
  }

  /** How it comes back; false: it does not. */
  get #reconnect(): Reconnect | false {
    const settings = this.#socket.option(WS_RECONNECT)
    return settings === true ? {} : settings
  }

  /** No connection follows the one there is. */
  #giveUp(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#attempt?.abort(new SocketError('ECANCELED', 'closed while connecting'))
  }

  async #open(destination: Destination): Promise<Addr> {
    const socket = this.#socket
    const seconds = socket.option(WS_HANDSHAKE_TIMEOUT)
    const attempt = new AbortController()
    this.#attempt = attempt
    const timer = setTimeout(
      () =>
        attempt.abort(new SocketError('ETIMEDOUT', `no WebSocket within ${seconds} s`, { op: 'connect' })),
      seconds * 1000,
    )
    try {
      return await this.#shake(destination, attempt.signal)
    } catch (error) {
      throw attempt.signal.aborted
        ? attempt.signal.reason
        : libraryFailure(tlsFailure(error, 'client'), 'connect')
    } finally {
      clearTimeout(timer)
      this.#attempt = undefined
    }
  }

  async #shake({ target, url }: Destination, signal: AbortSignal): Promise<Addr> {
    const socket = this.#socket
    const profile = this.#profile
    const subprotocols = profile.subprotocols(socket) ?? []
    const compression = profile.compression(socket)
    const headers = { ...socket.option(WS_HEADERS), ...authorization(socket.option(WS_AUTH)) }
    const stream = await this.#dial(target, signal)
    const { ws, rawHeaders, extensions } = await handshake(stream, {
      url,
      protocols: subprotocols.map(({ name }) => name),
      headers,
      origin: originOf(socket.option(WS_ORIGIN)),
      compression,
      maxPayload: socket.option(WS_MAX_MESSAGE_SIZE),
      closeTimeout: Math.max(5, socket.option(SO_LINGER)) * 1000,
      signal,
    })
    if (signal.aborted) {
      ws.terminate()
      throw signal.reason
    }
    if (profile.compressed && extensions === '') {
      ws.on('error', () => {}).terminate()
      throw new SocketError('EPROTO', 'the server does not take permessage-deflate', { op: 'connect' })
    }
    this.#connection = profile.connection(socket, ws, stream, {
      role: 'client',
      protocol: ws.protocol,
      json: ws.protocol !== '' && subprotocols.find(({ name }) => name === ws.protocol)?.json !== false,
      authValid: false,
      compression: extensions === '' ? undefined : compression,
      extensions,
      head: JSON.stringify([new URL(url).pathname + new URL(url).search, rawHeaders]),
      wheel: this.#wheel,
      host: this,
    })
    this.#openedAt = performance.now()
    // The program is to hear of the connection before it hears from it.
    setImmediate(() => ws.resume())
    return peerAddress(stream, target.path)
  }

  #dial(target: Target, signal: AbortSignal): Promise<Socket> {
    const { alpn = ['http/1.1'], ...tls } = clientTlsSettings(this.#socket)
    return dial(target, {
      readWindow: Math.min(this.#socket.option(SO_READ_WINDOW), READ_AHEAD),
      ...(this.#secure && { tls: { ...tls, alpn } }),
      signal,
    })
  }

  /** The connection is lost. */
  closed({ code, error }: Ending): void {
    this.#connection = undefined
    if (!mayReturn(code)) {
      this.#socket.close(error)
      return
    }
    this.#backoff.stood(performance.now() - this.#openedAt, this.#reconnect || {})
    // What the lost connection held back of the program's credit is given back: it is lost too.
    this.#socket.drained()
    this.#again(error)
  }

  /** Reports why there is no connection, and waits for the next attempt; ends where there is to be none. */
  #again(error: SocketError | undefined): void {
    const settings = this.#reconnect
    if (this.#closed || settings === false) {
      this.#socket.close(error)
      return
    }
    const delay = this.#backoff.next(settings)
    if (delay === undefined) {
      this.#socket.close(error)
      return
    }
    this.#socket.error(error ?? new SocketError('ECONNRESET', 'the peer closed the connection'))
    this.#retry = setTimeout(() => {
      this.#open(this.#destination!).then(
        addr => this.#socket.reopened(addr),
        failed => {
          if (mayRetry(failed)) this.#again(failed)
          else this.#socket.close(failed)
        },
      )
    }, delay)
  }
}

function authorization(auth: (ServerAuth & ClientAuth) | undefined): Record<string, string> {
  if (auth?.key !== undefined) return { Authorization: `Key ${auth.key}` }
  if (auth?.bearer !== undefined) return { Authorization: `Bearer ${auth.bearer}` }
  if (auth !== undefined)
    throw new SocketError(
      'EINVAL',
      'WS_AUTH (128): keys and handler are for servers; a client shows key or bearer',
    )
  return {}
}

function originOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
