/**
 * The broker itself: aedes, with what it asks about its clients and what it tells of them.
 * @module
 */
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Addr, type PluginSocket, SocketError, toSocketError } from '@unisock/kernel/plugin'
import { Aedes, type AuthenticateError, type Client } from 'aedes'
import { MQTT_PERSISTENCE } from '../options/index.ts'
import { openDatabase } from '../store/disk-store.ts'
import { type PublishWire, QOS, type QoS, RETAIN } from '../wire.ts'
import { type Access, AccessControl } from './access.ts'
import { Authenticator } from './authenticator.ts'
import { ServedClient } from './served-client.ts'
import type { Verdicts } from './verdicts.ts'

interface Carried {
  readonly stream: Duplex
  readonly socket: Socket
  readonly addr: Addr
  username: string | undefined
  served: ServedClient | undefined
  /** Settled when the program has said all that it was asked about the client. */
  asked: Promise<unknown> | undefined
}

/** Milliseconds in which a CONNECT must come. */
const CONNECT_TIMEOUT = 10_000
/** Return codes of a CONNACK (MQTT 3.1.1 section 3.2.2.3). */
const BAD_LOGIN = 4
const NOT_AUTHORIZED = 5

export class Broker {
  readonly #socket: PluginSocket
  readonly #aedes: Aedes
  readonly #database: { close(): Promise<void> } | undefined
  readonly #clients = new Map<Client, Carried>()
  readonly #authenticator: Authenticator
  readonly #access: AccessControl

  /** @throws {SocketError} `EADDRINUSE`, `EINVAL` for a directory that cannot be used */
  static async open(socket: PluginSocket, verdicts: Verdicts): Promise<Broker> {
    const where = socket.option(MQTT_PERSISTENCE)
    if (where === 'memory') return Broker.#listening(new Broker(socket, verdicts, undefined, undefined))
    const database = await openDatabase(where.path, 'MQTT_PERSISTENCE (172)')
    const { default: LevelPersistence } = await import('aedes-persistence-level/asyncPersistence.js')
    return Broker.#listening(new Broker(socket, verdicts, new LevelPersistence(database), database))
  }

  static async #listening(broker: Broker): Promise<Broker> {
    await broker.#aedes.listen()
    return broker
  }

  private constructor(
    socket: PluginSocket,
    verdicts: Verdicts,
    persistence: unknown,
    database: { close(): Promise<void> } | undefined,
  ) {
    this.#socket = socket
    this.#database = database
    this.#authenticator = new Authenticator(socket, verdicts)
    this.#access = new AccessControl(socket, verdicts)
    this.#aedes = new Aedes({
      ...(persistence !== undefined && { persistence }),
      connectTimeout: CONNECT_TIMEOUT,
      authenticate: (client, username, password, done) =>
        void this.#authenticate(client, username, password, done),
      authorizePublish: (client, packet, done) => {
        const { topic, qos, retain } = packet
        if (topic.startsWith('$SYS/')) done(new SocketError('EACCES', '$SYS is the broker’s own'))
        else if (!client) done()
        else
          this.#ask(client, { action: 'publish', topic, qos, retain }, allowed => {
            const served = this.#clients.get(client)?.served
            if (!allowed) done(new SocketError('EACCES', `${client.id} may not publish to ${topic}`))
            else if (served) served.publishes(packet, () => done())
            else done()
          })
      },
      authorizeSubscribe: (client, subscription, done) => {
        const { topic, qos } = subscription
        this.#ask(client, { action: 'subscribe', topic, qos, retain: false }, allowed =>
          done(null, allowed ? subscription : null),
        )
      },
    })
    const emitter: EventEmitter = this.#aedes
    // What it keeps could not be written, or read.
    emitter.on('error', (error: Error) => socket.error(toSocketError(error, 'EPLUGIN')))
    this.#aedes
      // It may publish as soon as it is accepted, which is before it is ready.
      .on('client', client => this.#accept(client))
      .on('clientReady', client => this.#clients.get(client)?.served?.ready())
      .on('clientError', (client, error) => this.#clients.get(client)?.served?.failed(error))
      .on('connectionError', (_client, error) =>
        socket.log('debug', 'a connection was no MQTT client', { error: error.message }),
      )
      .on('subscribe', (subscriptions, client) => {
        if (client && !client.closed) this.#clients.get(client)?.served?.subscribed(subscriptions)
      })
      .on('unsubscribe', (topics, client) => {
        if (client && !client.closed) this.#clients.get(client)?.served?.unsubscribed(topics)
      })
  }

  /** How many connections there are. */
  get size(): number {
    return this.#clients.size
  }

  /** Takes a connection; `onClose` is called when it is over. */
  serve(stream: Duplex, socket: Socket, addr: Addr, onClose: () => void): void {
    const client = this.#aedes.handle(stream)
    const carried: Carried = {
      stream,
      socket,
      addr,
      username: undefined,
      served: undefined,
      asked: undefined,
    }
    this.#clients.set(client, carried)
    stream.once('close', async () => {
      // What it had published is allowed, or not, before the program hears that it is gone.
      await carried.asked
      this.#clients.delete(client)
      carried.served?.over()
      onClose()
    })
  }

  /** Resolves once the broker has passed it on. */
  publish([topic, payload, bits]: PublishWire): Promise<void> {
    const qos = (bits & QOS) as QoS
    const packet = {
      cmd: 'publish',
      topic,
      payload: payload as Buffer,
      qos,
      retain: (bits & RETAIN) !== 0,
      dup: false,
    }
    return new Promise((resolve, reject) =>
      this.#aedes.publish(packet as never, error => (error ? reject(error) : resolve())),
    )
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await new Promise<void>(resolve => this.#aedes.close(resolve))
    await this.#database?.close()
  }

  async #authenticate(
    client: Client,
    username: string | undefined,
    password: Uint8Array | undefined,
    done: (error: AuthenticateError | null, admitted: boolean | null) => void,
  ): Promise<void> {
    const carried = this.#clients.get(client)
    if (!carried) return
    carried.username = username
    if (await this.#authenticator.admits(client.id, username, password, carried.addr)) return done(null, true)
    const returnCode = username === undefined ? NOT_AUTHORIZED : BAD_LOGIN
    done(Object.assign(new SocketError('EACCES', `${client.id} may not connect`), { returnCode }), null)
  }

  #ask(
    client: Client,
    access: Omit<Access, 'clientId' | 'username'>,
    answer: (allowed: boolean) => void,
  ): void {
    const carried = this.#clients.get(client)
    const username = carried?.username
    const allowed = this.#access.allows({ ...access, clientId: client.id, username })
    if (typeof allowed === 'boolean') answer(allowed)
    else {
      const answered = allowed.then(answer)
      if (carried) carried.asked = Promise.all([carried.asked, answered])
    }
  }

  #accept(client: Client): void {
    const carried = this.#clients.get(client)
    if (!carried) return
    const accepted = this.#socket.accept(carried.addr, fd => {
      carried.served = new ServedClient(fd, { client, ...carried })
      return carried.served
    })
    if (!accepted) client.close()
  }
}
