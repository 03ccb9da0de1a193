/**
 * An embedded broker: the driver of its listener's fd.
 * @module
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type Addr,
  allowsOrigin,
  type CloseOptions,
  type Driver,
  isTlsOption,
  libraryFailure,
  OnceATurn,
  type PluginSocket,
  SO_BACKLOG,
  SO_IPV6ONLY,
  SO_KEEPALIVE,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  SO_REUSEPORT,
  SocketError,
  serverTlsSettings,
  type Target,
  TLS_CERTIFICATE,
  TLS_SNI,
  tlsFailure,
} from '@unisock/kernel/plugin'
import { Listener, peerAddress, readServerTls } from '@unisock/sockets/engine'
import { MQTT_MAX_PACKET_SIZE, MQTT_ORIGIN, MQTT_PUBLISH } from '../options/index.ts'
import type { VerdictWire } from '../wire.ts'
import { type MqttPublish, publishWire } from '../written.ts'
import { Broker } from './broker.ts'
import { limitPackets } from './limit-packets.ts'
import { sniff } from './sniff.ts'
import { Verdicts } from './verdicts.ts'
import { WebFront } from './web-front.ts'

/** Bytes that Node reads ahead. */
const READ_AHEAD = 64 * 1024
const DEFAULTS = { qos: () => 0 as const, retain: () => false }

export class MqttBroker implements Driver {
  readonly #socket: PluginSocket
  readonly #verdicts: Verdicts
  #listener: Listener | undefined
  #address: Addr | undefined
  #broker: Broker | undefined
  #web: WebFront | undefined
  /** Over TLS; settled when it listens. */
  #secure = false
  /** What is set in one turn takes effect together: a certificate alone would not fit its key. */
  readonly #certificates = new OnceATurn(() => this.#readCertificates('setOption'))
  #closing = false

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#verdicts = new Verdicts(socket)
  }

  /** @throws {SocketError} `EISBOUND`, `EBADADDR`; those of MQTT_PERSISTENCE; the system's errors */
  async bind(at: Target): Promise<Addr> {
    const socket = this.#socket
    if (this.#listener) throw new SocketError('EISBOUND')
    if (at.on !== undefined)
      throw new SocketError('EBADADDR', 'a broker has a port of its own, WebSocket included')
    const listener = new Listener({
      backlog: socket.option(SO_BACKLOG),
      reusePort: socket.option(SO_REUSEPORT),
      ipv6Only: socket.option(SO_IPV6ONLY),
      maxConnections: socket.option(SO_MAX_CONNECTIONS) || undefined,
      readWindow: READ_AHEAD,
      onError: cause =>
        socket.error(new SocketError('EACCEPT', `accept failed: ${cause.message}`, { cause })),
      onHandshakeError: ({ code, message }, peer) =>
        socket.log('debug', 'a TLS handshake failed', { code, message, peer: peer.remoteAddress }),
    })
    this.#listener = listener
    try {
      this.#address = await listener.bind(at)
      this.#broker ??= await Broker.open(socket, this.#verdicts)
      return this.#address
    } catch (error) {
      listener.close()
      this.#listener = undefined
      throw libraryFailure(error, 'bind')
    }
  }

  /** @throws {SocketError} `EINVAL` naming the TLS option that is missing or wrong */
  listen(): void {
    const socket = this.#socket
    this.#secure = socket.option(TLS_CERTIFICATE) !== undefined || socket.option(TLS_SNI) !== undefined
    if (this.#secure) this.#readCertificates('listen')
    const web = new WebFront({
      maxPayload: socket.option(MQTT_MAX_PACKET_SIZE),
      allows: (origin, host) =>
        allowsOrigin(origin, host, socket.option(MQTT_ORIGIN) as string[] | undefined),
      onStream: (stream, carrier) => this.#serve(stream, carrier),
    })
    this.#web = web
    this.#listener!.open(carrier => {
      if (socket.option(SO_KEEPALIVE)) carrier.setKeepAlive(true)
      if (!socket.option(SO_NODELAY)) carrier.setNoDelay(false)
      sniff(
        carrier,
        plain => this.#serve(plain, plain),
        http => web.serve(http),
      )
    })
  }

  /** The program's word on what a client may do. */
  write(verdict: VerdictWire): boolean {
    this.#verdicts.answer(verdict)
    return true
  }

  /** @throws {SocketError} `ENOTCONN` for a message before bind, `EINVAL`, `ENOTSUP`; as `listen`'s */
  setOption(option: number, value: unknown): void | Promise<void> {
    if (option === MQTT_PUBLISH) return this.#publish(value as MqttPublish)
    if (option === SO_MAX_CONNECTIONS && this.#listener)
      this.#listener.maxConnections = (value as number) || undefined
    if (this.#secure && isTlsOption(option)) return this.#certificates.ask()
  }

  drain(): void {
    this.#stop()
  }

  /** Gives the port back; connections stay, and the broker for as long as there are any. */
  async close({ abort = false }: CloseOptions): Promise<void> {
    this.#stop()
    this.#closing = true
    if (abort || this.#broker?.size === 0) await this.#broker?.close()
  }

  inspect(): unknown {
    return { address: this.#address, connections: this.#broker?.size ?? 0 }
  }

  #publish(message: MqttPublish): Promise<void> {
    if (message.properties !== undefined)
      throw new SocketError('ENOTSUP', 'the broker speaks MQTT 3.1.1, which has no properties', {
        op: 'setOption',
      })
    const wire = publishWire(message, DEFAULTS, 'setOption')
    if (this.#broker) return this.#broker.publish(wire)
    throw new SocketError('ENOTCONN', 'bind before MQTT_PUBLISH (174)', { op: 'setOption' })
  }

  #serve(stream: Duplex, carrier: Socket): void {
    limitPackets(stream, this.#socket.option(MQTT_MAX_PACKET_SIZE))
    this.#broker!.serve(stream, carrier, peerAddress(carrier, this.#address?.address), () => {
      if (this.#closing && this.#broker!.size === 0) void this.#broker!.close()
    })
  }

  #stop(): void {
    this.#listener?.close()
    this.#web?.close()
    this.#verdicts.close()
  }

  /** @throws {SocketError} `EINVAL` naming the TLS option that is missing or wrong */
  #readCertificates(op: 'listen' | 'setOption'): void {
    const { alpn, ...settings } = serverTlsSettings(this.#socket)
    try {
      this.#listener!.secure(readServerTls({ ...settings, ...(alpn && { alpn }) }))
    } catch (error) {
      throw tlsFailure(error, 'server', op)
    }
  }
}
