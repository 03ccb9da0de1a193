/**
 * A client of the broker: the driver of its connection's fd.
 * @module
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type CloseOptions,
  type Connection,
  type Driver,
  type Option,
  SO_LINGER,
  TLS_SESSION,
  toSocketError,
} from '@unisock/kernel/plugin'
import { tlsSession } from '@unisock/sockets/engine'
import type { Client } from 'aedes'
import { MQTT_OBSERVE, MQTT_PAYLOAD_FORMAT, MQTT_SESSION, type MqttSessionInfo } from '../options/index.ts'
import { messageWire } from '../received.ts'
import { matches } from '../topics/match.ts'
import { type PublishWire, QOS, type QoS, RETAIN, SUBSCRIBED, UNSUBSCRIBED } from '../wire.ts'

const VERSIONS: Readonly<Record<number, MqttSessionInfo['version']>> = { 3: '3.1', 4: '3.1.1', 5: '5' }

export interface ServedClientOptions {
  readonly client: Client
  readonly stream: Duplex
  /** What carries it. */
  readonly socket: Socket
  readonly username: string | undefined
}

export class ServedClient implements Driver {
  readonly #fd: Connection
  readonly #options: ServedClientOptions
  /** What was written before the client is ready. */
  #early: PublishWire[] | undefined = []
  #blocked = false
  #error: Error | undefined
  /** The program has no room for what comes next. */
  #held: (() => void) | undefined

  constructor(fd: Connection, options: ServedClientOptions) {
    this.#fd = fd
    this.#options = options
    options.stream.on('drain', () => this.#drained())
  }

  /** Sends this client a message, whatever it is subscribed to. */
  write(wire: PublishWire): boolean {
    if (this.#early) {
      this.#early.push(wire)
      this.#blocked = true
      return false
    }
    const [topic, payload, bits] = wire
    const { client, stream } = this.#options
    const qos = (bits & QOS) as QoS
    const packet = {
      cmd: 'publish',
      topic,
      payload: payload as Buffer,
      qos,
      retain: (bits & RETAIN) !== 0,
      dup: false,
    }
    client.publish(packet as never, error => {
      if (error) this.#fd.error(toSocketError(error, 'EPIPE'))
    })
    this.#blocked = stream.writableNeedDrain
    return !this.#blocked
  }

  query(option: number): unknown {
    const { client, socket, username } = this.#options
    if (option === TLS_SESSION) return tlsSession(socket) ?? null
    if (option !== MQTT_SESSION) return this.#fd.option(option as Option<unknown>)
    const { id, clean, version } = client
    const info: MqttSessionInfo = { client_id: id, version: VERSIONS[version] ?? '3.1.1', clean }
    return username === undefined ? info : { ...info, username }
  }

  resume(): void {
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  end(): void {
    this.#options.client.close()
  }

  drain(): void {
    this.#options.client.close()
  }

  async close({ abort = false }: CloseOptions): Promise<void> {
    const { client, stream } = this.#options
    if (stream.closed) return
    const closed = new Promise<void>(resolve => stream.once('close', resolve))
    if (abort) stream.destroy()
    else client.close()
    const late = setTimeout(() => stream.destroy(), this.#fd.option(SO_LINGER) * 1000)
    await closed
    clearTimeout(late)
  }

  /** It knows that it is connected. */
  ready(): void {
    const early = this.#early
    this.#early = undefined
    for (const wire of early ?? []) this.write(wire)
    this.#drained()
  }

  /** The connection is closed. */
  over(): void {
    this.#held = undefined
    this.#fd.close(this.#error)
  }

  /** It went wrong with the client. */
  failed(error: Error): void {
    this.#error ??= toSocketError(error, 'EPROTO')
  }

  /** It publishes something; `taken` says that it may go on. */
  publishes(
    packet: { topic: string; payload: string | Buffer; qos: number; retain: boolean },
    taken: () => void,
  ): void {
    const { publish = [] } = this.#fd.option(MQTT_OBSERVE)
    if (!publish.some(filter => matches(filter, packet.topic))) taken()
    else if (this.#fd.emit(messageWire(packet, this.#fd.option(MQTT_PAYLOAD_FORMAT)))) taken()
    else this.#held = taken
  }

  subscribed(subscriptions: readonly { topic: string; qos: number }[]): void {
    if (!this.#fd.option(MQTT_OBSERVE).subscriptions) return
    const granted = subscriptions.filter(({ qos }) => qos <= 2)
    if (granted.length === 0) return
    this.#fd.emit([SUBSCRIBED, granted.map(({ topic }) => topic), granted.map(({ qos }) => qos)])
  }

  unsubscribed(topics: readonly string[]): void {
    if (this.#fd.option(MQTT_OBSERVE).subscriptions && topics.length > 0)
      this.#fd.emit([UNSUBSCRIBED, [...topics]])
  }

  #drained(): void {
    if (!this.#blocked || this.#options.stream.writableNeedDrain) return
    this.#blocked = false
    this.#fd.drained()
  }
}
