/**
 * What a client has beyond its connections: messages that wait for the broker, subscriptions, questions.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { type PluginSocket, SO_WRITE_HIGH_WATER, SocketError } from '@unisock/kernel/plugin'
import type { IPublishPacket } from 'mqtt'
import type { MqttReply } from '../modes.ts'
import {
  MQTT_CLEAN_SESSION,
  MQTT_CLIENT_ID,
  MQTT_PAYLOAD_FORMAT,
  MQTT_QOS,
  MQTT_RETAIN,
  MQTT_STORE,
  MQTT_VERSION,
} from '../options/index.ts'
import { toMessage } from '../owner/message.ts'
import type { PublishProperties } from '../properties.ts'
import { messageWire } from '../received.ts'
import { DiskStore } from '../store/disk-store.ts'
import { KeeperStore } from '../store/keeper-store.ts'
import type { OfflineStore } from '../store/offline-store.ts'
import {
  CONFIRMED,
  CONTINUE,
  type PublishWire,
  QOS,
  RESUMED,
  type SequenceWire,
  SUBSCRIBE,
  type SubscribeWire,
  type UnsubscribeWire,
  type WrittenWire,
} from '../wire.ts'
import { type MqttPublish, type MqttWrite, toWire } from '../written.ts'
import type { BrokerConnection, BrokerConnectionOptions } from './broker-connection.ts'
import { IncomingStore } from './incoming-store.ts'
import { Outbox } from './outbox.ts'
import { OutgoingStore } from './outgoing-store.ts'
import type { Publication } from './publication.ts'
import { Responses } from './responses.ts'
import { Subscriptions } from './subscriptions.ts'
import { assertSpeakable } from './version.ts'

/** The row by which a restarted worker knows who the client is. */
const CLIENT_ID_ROW = 'client-id'

export class Session {
  readonly clientId: string
  readonly #socket: PluginSocket
  readonly #store: OfflineStore
  readonly #outbox: Outbox
  readonly #outgoing: OutgoingStore
  readonly #incoming: IncomingStore
  readonly #subscriptions: Subscriptions
  #responses: Responses | undefined
  #responding: Promise<unknown> | undefined
  #connection: BrokerConnection | undefined
  /** A restarted worker: messages are taken once the owner has said where it goes on. */
  #awaiting = false
  #pumping = false
  /** `write` has returned false. */
  #blocked = false
  /** The sequence number that the owner is to be told of. */
  #safe = 0
  #onEmpty: (() => void) | undefined

  /** Takes up what an earlier worker, or program, has left. @throws {SocketError} the store's errors */
  static async open(socket: PluginSocket): Promise<Session> {
    const { path } = socket.option(MQTT_STORE)
    const store = path === undefined ? new KeeperStore(socket.store, socket.fd) : await DiskStore.open(path)
    const session = new Session(socket, store)
    const known = socket.kept.has(CLIENT_ID_ROW)
    const stored = await store.load().catch(async error => {
      await store.close(false)
      throw error
    })
    const sequence = session.#outbox.restore(stored, known)
    session.#incoming.restore(stored.received)
    if (known) {
      session.#awaiting = true
      socket.emit([RESUMED, sequence] satisfies SequenceWire)
    } else socket.keep(CLIENT_ID_ROW, session.clientId)
    return session
  }

  private constructor(socket: PluginSocket, store: OfflineStore) {
    const clean = socket.option(MQTT_CLEAN_SESSION)
    this.#socket = socket
    this.#store = store
    this.clientId =
      (socket.option(MQTT_CLIENT_ID) as string | undefined) ??
      (socket.kept.get(CLIENT_ID_ROW) as string | undefined) ??
      `unisock-${randomBytes(6).toString('hex')}`
    this.#outbox = new Outbox({
      store,
      limits: socket.option(MQTT_STORE),
      onSafe: sequence => this.#tellSafe(sequence),
      onFailure: error => socket.error(error),
    })
    this.#outgoing = new OutgoingStore(this.#outbox, clean ? undefined : store)
    this.#incoming = new IncomingStore(clean ? undefined : store)
    this.#subscriptions = new Subscriptions(socket)
  }

  /** What the next connection is to be opened with. */
  prepare(): Omit<BrokerConnectionOptions, 'introduction' | 'maxPacketSize' | 'onOver'> {
    if (this.#socket.option(MQTT_CLEAN_SESSION)) this.#outbox.forgetIds()
    this.#outbox.rewind()
    return {
      outgoing: this.#outgoing,
      incoming: this.#incoming,
      sent: [...this.#outbox.sent()],
      onSession: present => {
        if (!present) this.#outbox.forgetIds()
      },
      onMessage: packet => this.#receive(packet),
      onDone: (publication, error) => this.#done(publication, error),
      onDrain: () => this.#roomAgain(),
    }
  }

  connected(connection: BrokerConnection): void {
    this.#connection = connection
    this.#subscriptions.connected(connection)
    this.#pump()
  }

  lost(): void {
    this.#connection = undefined
    this.#subscriptions.lost()
    this.#unblock()
  }

  /** @throws {SocketError} `ENOTCONN` for QoS 0 without a connection, `ENOSPC`, `ENOTSUP`, those of the broker's limits */
  write(wire: WrittenWire): boolean {
    if (typeof wire[0] === 'string') return this.#publish(wire as PublishWire)
    if (wire[0] === CONTINUE) {
      this.#awaiting = false
      return true
    }
    const reported = (error: SocketError): void => void this.#socket.error(error)
    assertSpeakable(wire, this.#version)
    if (wire[0] === SUBSCRIBE) this.#subscriptions.subscribe(wire as SubscribeWire).catch(reported)
    else this.#subscriptions.unsubscribe((wire as UnsubscribeWire)[1]).catch(reported)
    return !this.#blocked
  }

  /** @throws {SocketError} as `write`; what the broker says of it */
  async request(data: MqttWrite, signal: AbortSignal): Promise<MqttReply> {
    const socket = this.#socket
    const defaults = { qos: () => socket.option(MQTT_QOS), retain: () => socket.option(MQTT_RETAIN) }
    const wire = toWire(data, defaults, 'request')
    assertSpeakable(wire, this.#version)
    if (typeof wire[0] === 'string') return this.#ask(wire as PublishWire, data as MqttPublish, signal)
    if (wire[0] === SUBSCRIBE)
      return { acknowledged: 'broker', granted: await this.#subscriptions.subscribe(wire as SubscribeWire) }
    await this.#subscriptions.unsubscribe((wire as UnsubscribeWire)[1])
    return { acknowledged: 'broker' }
  }

  /** Resolves when the broker has acknowledged everything. */
  async flushed(): Promise<void> {
    if (this.#outbox.size === 0) return
    await new Promise<void>(resolve => {
      this.#onEmpty = resolve
    })
  }

  inspect(): object {
    const { size, bytes } = this.#outbox
    return {
      clientId: this.clientId,
      queued: size,
      queuedBytes: bytes,
      subscriptions: this.#subscriptions.size,
    }
  }

  /** `forget`: what waits is dropped where it would only have outlived the worker. */
  async close(forget: boolean): Promise<void> {
    const error = new SocketError('ECANCELED', 'the client was closed')
    this.#outbox.close(error)
    this.#subscriptions.close(error)
    await this.#store.close(forget).catch(() => {
      // A store that is lost has nothing left to close.
    })
  }

  #publish(wire: PublishWire): boolean {
    const [, , bits, sequence] = wire
    if (sequence > 0 && this.#awaiting) return true
    try {
      assertSpeakable(wire, this.#version)
      if ((bits & QOS) === 0) return this.#sendNow(wire)
      this.#outbox.add(wire)
    } catch (error) {
      this.#outbox.skip(sequence)
      // What was not taken is reported; it ends nothing.
      this.#socket.error(error as SocketError)
      return !this.#blocked
    }
    this.#pump()
    if (this.#connection && this.#outbox.bytes > this.#highWater) this.#blocked = true
    return !this.#blocked
  }

  #sendNow(wire: PublishWire): boolean {
    const connection = this.#connection
    if (!connection)
      throw new SocketError('ENOTCONN', 'there is no connection to the broker: nothing of QoS 0 is kept')
    connection.send(wire)
    if (connection.isFull) this.#blocked = true
    return !this.#blocked
  }

  async #ask(
    wire: PublishWire,
    { acknowledge = 'broker' }: MqttPublish,
    signal: AbortSignal,
  ): Promise<MqttReply> {
    if (acknowledge === 'response') return this.#question(wire, signal)
    if ((wire[2] & QOS) === 0) {
      this.#sendNow(wire)
      return { acknowledged: null }
    }
    if (acknowledge === 'store' && !this.#store.outlivesWorker)
      throw new SocketError('ENOTSUP', 'mqtt({ keeper: false }) has no store that outlives the worker')
    const publication = this.#outbox.add(wire)
    if (acknowledge === 'store') {
      this.#pump()
      await publication.chunk.stored
      return { acknowledged: 'store' }
    }
    await this.#acknowledged(publication)
    return { acknowledged: 'broker' }
  }

  async #question(wire: PublishWire, signal: AbortSignal): Promise<MqttReply> {
    if (this.#version !== '5') throw new SocketError('ENOTSUP', 'responses need MQTT_VERSION (160) 5')
    this.#responses ??= new Responses(this.clientId)
    const responses = this.#responses
    this.#responding ??= this.#subscriptions.subscribe(responses.subscription)
    try {
      await this.#responding
    } catch (error) {
      this.#responding = undefined
      throw error
    }
    const { properties, answer } = responses.ask(wire[4] ?? ({} satisfies PublishProperties), signal)
    const asked: PublishWire = [wire[0], wire[1], wire[2], 0, properties]
    if ((wire[2] & QOS) === 0) this.#sendNow(asked)
    else await this.#acknowledged(this.#outbox.add(asked))
    const response = toMessage(messageWire(await answer, this.#socket.option(MQTT_PAYLOAD_FORMAT)))
    return { acknowledged: (wire[2] & QOS) === 0 ? null : 'broker', response }
  }

  #acknowledged(publication: Publication): Promise<void> {
    return new Promise((resolve, reject) => {
      publication.settle = error => (error ? reject(error) : resolve())
      this.#pump()
    })
  }

  #receive(packet: IPublishPacket): boolean {
    if (this.#responses?.take(packet)) return true
    return this.#socket.emit(messageWire(packet, this.#socket.option(MQTT_PAYLOAD_FORMAT)))
  }

  /** Sends what there is room for. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#connection && this.#connection.room > 0 && !this.#connection.isFull) {
      const publication = this.#outbox.next()
      if (!publication) break
      this.#connection.publish(publication)
    }
    this.#pumping = false
  }

  #done(publication: Publication, error: SocketError | undefined): void {
    const awaited = publication.settle !== undefined
    this.#outbox.done(publication, error)
    if (error && !awaited) this.#socket.error(error)
    if (this.#outbox.size === 0) this.#onEmpty?.()
    this.#roomAgain()
  }

  #roomAgain(): void {
    this.#pump()
    if (this.#blocked && !this.#connection?.isFull && this.#outbox.bytes <= this.#highWater / 2)
      this.#unblock()
  }

  #unblock(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#socket.drained()
  }

  get #version(): '3.1.1' | '5' {
    return this.#socket.option(MQTT_VERSION)
  }

  get #highWater(): number {
    return this.#socket.option(SO_WRITE_HIGH_WATER)
  }

  /** Once a turn. */
  #tellSafe(sequence: number): void {
    if (this.#safe === 0)
      setImmediate(() => {
        this.#socket.emit([CONFIRMED, this.#safe] satisfies SequenceWire)
        this.#safe = 0
      })
    this.#safe = sequence
  }
}
