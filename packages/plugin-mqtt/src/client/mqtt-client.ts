/**
 * An MQTT client: the driver of its fd, across all the connections it has in turn.
 * @module
 */
import {
  type Addr,
  Backoff,
  type CloseOptions,
  type Driver,
  type Option,
  type PluginSocket,
  SO_LINGER,
  SO_TLS_SNI_HOSTNAME,
  SocketError,
  type Target,
  TLS_CA,
  TLS_CLIENT_CERT,
  TLS_SESSION,
  tlsFailure,
} from '@unisock/kernel/plugin'
import { tlsSession } from '@unisock/sockets/engine'
import type { MqttReply } from '../modes.ts'
import {
  MQTT_BROKER,
  MQTT_CLEAN_SESSION,
  MQTT_MAX_PACKET_SIZE,
  MQTT_RECONNECT,
  MQTT_SESSION,
  MQTT_VERSION,
  type MqttSessionInfo,
} from '../options/index.ts'
import type { WrittenWire } from '../wire.ts'
import type { MqttWrite } from '../written.ts'
import { BrokerConnection } from './broker-connection.ts'
import { brokerFailure, mayRetry } from './failure.ts'
import { introductionOf } from './introduction.ts'
import { Session } from './session.ts'
import { type OpenStream, openStream } from './stream.ts'
import { type Destination, destinationOf } from './target.ts'

/** Milliseconds until the broker must have answered. */
const CONNECT_TIMEOUT = 30_000
/** The row by which a restarted worker knows that the client was connected, and to what. */
const CONNECTED_ROW = 'connected'

/** What only a client over TLS is asked. */
const TLS_OPTIONS = [TLS_CA, TLS_CLIENT_CERT, SO_TLS_SNI_HOSTNAME] as const

export class MqttClient implements Driver {
  readonly #socket: PluginSocket
  readonly #backoff = new Backoff()
  #session: Session | undefined
  #destination: Destination | undefined
  #connection: BrokerConnection | undefined
  #stream: OpenStream | undefined
  #attempt: AbortController | undefined
  /** On the clock of `performance.now()`. */
  #openedAt = 0
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** @throws {SocketError} `EBADADDR`, `EINVAL`, `ETIMEDOUT`; what the broker refuses with; the system's errors */
  async connect(to: Target): Promise<Addr> {
    const socket = this.#socket
    const tlsAsked = TLS_OPTIONS.some(option => socket.option(option as Option<unknown>) !== undefined)
    this.#destination = destinationOf(to, socket.option(MQTT_BROKER) as string | undefined, tlsAsked)
    this.#session = await Session.open(socket)
    const before = socket.kept.get(CONNECTED_ROW) as Addr | undefined
    if (before) {
      if (socket.option(MQTT_RECONNECT) === false)
        throw new SocketError('EPLUGIN', 'the worker was restarted, and MQTT_RECONNECT (163) is off')
      this.#try()
      return before
    }
    const addr = await this.#open()
    socket.keep(CONNECTED_ROW, addr)
    return addr
  }

  /** @throws {SocketError} `ENOTCONN` before connect; as the session's */
  write(wire: WrittenWire): boolean {
    return this.#opened.write(wire)
  }

  call(data: MqttWrite, signal: AbortSignal): Promise<MqttReply> {
    return this.#opened.request(data, signal)
  }

  resume(): void {
    this.#connection?.resume()
  }

  /** @throws {SocketError} `ENOTCONN` */
  query(option: number): unknown {
    const connection = this.#connection
    if (!connection) throw new SocketError('ENOTCONN', 'there is no connection to ask')
    if (option === TLS_SESSION) return tlsSession(this.#stream!.socket) ?? null
    if (option !== MQTT_SESSION) return this.#socket.option(option as Option<unknown>)
    return {
      client_id: this.#session!.clientId,
      version: this.#socket.option(MQTT_VERSION),
      clean: this.#socket.option(MQTT_CLEAN_SESSION),
      session_present: connection.sessionPresent,
      properties: { ...connection.properties, userProperties: { ...connection.properties.userProperties } },
    } satisfies MqttSessionInfo
  }

  /** The program sends no more. */
  async end(): Promise<void> {
    await this.drain()
    this.#end()
  }

  /** Says goodbye once the broker has everything, or after SO_LINGER. */
  async drain(): Promise<void> {
    this.#giveUp()
    const connection = this.#connection
    if (!connection) return
    const linger = this.#socket.option(SO_LINGER) * 1000
    const began = performance.now()
    await Promise.race([this.#session!.flushed(), delay(linger)])
    this.#connection = undefined
    await connection.end(Math.max(0, linger - (performance.now() - began)))
  }

  inspect(): unknown {
    const { target, webSocket } = this.#destination ?? {}
    return { target, webSocket, connected: this.#connection !== undefined, ...this.#session?.inspect() }
  }

  /** What waits for the broker is dropped with the fd, unless it is on disk. */
  async close({ abort = false }: CloseOptions): Promise<void> {
    if (abort) {
      this.#giveUp()
      await this.#connection?.abort()
    } else await this.drain()
    // A worker that is stopped ends its fds like that as well: the next one finds what there was.
    await this.#session?.close(!abort)
  }

  /** @throws {SocketError} `ENOTCONN` */
  get #opened(): Session {
    if (this.#session) return this.#session
    throw new SocketError('ENOTCONN', 'connect first')
  }

  /** The fd is over, and nobody has closed it. */
  #end(error?: SocketError): void {
    this.#giveUp()
    this.#socket.close(error)
    void this.#session?.close(true)
  }

  /** No connection follows the one there is. */
  #giveUp(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#attempt?.abort(new SocketError('ECANCELED', 'closed while connecting'))
  }

  async #open(): Promise<Addr> {
    const attempt = new AbortController()
    this.#attempt = attempt
    const timer = setTimeout(
      () =>
        attempt.abort(
          new SocketError('ETIMEDOUT', `no answer within ${CONNECT_TIMEOUT} ms`, { op: 'connect' }),
        ),
      CONNECT_TIMEOUT,
    )
    try {
      return await this.#introduce(attempt.signal)
    } catch (error) {
      throw attempt.signal.aborted ? attempt.signal.reason : brokerFailure(tlsFailure(error, 'client'))
    } finally {
      clearTimeout(timer)
      this.#attempt = undefined
    }
  }

  async #introduce(signal: AbortSignal): Promise<Addr> {
    const socket = this.#socket
    const session = this.#session!
    const destination = this.#destination!
    const introduction = introductionOf(socket, destination, session.clientId)
    const maxPacketSize = socket.option(MQTT_MAX_PACKET_SIZE)
    const stream = await openStream(socket, destination, maxPacketSize, signal)
    const connection = await BrokerConnection.open(
      stream,
      { ...session.prepare(), introduction, maxPacketSize, onOver: error => this.#lost(error) },
      signal,
    )
    this.#stream = stream
    this.#connection = connection
    this.#openedAt = performance.now()
    session.connected(connection)
    return stream.addr
  }

  #try(): void {
    this.#open().then(
      addr => this.#socket.reopened(addr),
      failed => {
        if (mayRetry(failed)) this.#again(failed)
        else this.#end(failed)
      },
    )
  }

  #lost(error: SocketError): void {
    if (this.#connection === undefined) return
    this.#connection = undefined
    this.#session!.lost()
    const settings = this.#socket.option(MQTT_RECONNECT)
    if (typeof settings === 'object') this.#backoff.stood(performance.now() - this.#openedAt, settings)
    if (mayRetry(error)) this.#again(error)
    else this.#end(error)
  }

  /** Reports why there is no connection, and waits for the next attempt; ends where there is to be none. */
  #again(error: SocketError): void {
    const socket = this.#socket
    const settings = socket.option(MQTT_RECONNECT)
    const wait = settings === false ? undefined : this.#backoff.next(settings === true ? {} : settings)
    if (this.#closed || wait === undefined) {
      this.#end(error)
      return
    }
    socket.error(error)
    this.#retry = setTimeout(() => this.#try(), wait)
  }
}

function delay(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
