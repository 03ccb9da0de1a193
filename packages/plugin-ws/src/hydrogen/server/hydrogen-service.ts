/**
 * A Hydrogen server in its worker: what its parts share.
 * @module
 */
import type { Socket } from 'node:net'
import { type Connection, type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import type { WsConnectionOptions } from '../../connection/ws-connection.ts'
import type { WebSocketClass } from '../../connection/ws-library.ts'
import type { Authenticity } from '../../server/authenticator.ts'
import type { Credentials } from '../../server/credentials.ts'
import type { Verdicts } from '../../server/verdicts.ts'
import { Authority } from '../auth/authority.ts'
import type { AdmittedIdentity } from '../auth/identity.ts'
import { systemClock } from '../clock.ts'
import { applyConfig } from '../config/apply.ts'
import type { HydrogenConfig } from '../config/index.ts'
import type { HydrogenErrorCode } from '../errors.ts'
import { HYDROGEN_CONFIG } from '../options/config.ts'
import { readSettings } from '../options/read-settings.ts'
import type { HydrogenSettings, TopicSettings } from '../settings.ts'
import { Subscriptions } from '../topics/subscriptions.ts'
import type { KeptWire, ReplyWire, RequestWire, SessionsEndedWire, TransitionWire } from '../wire.ts'
import { Commands } from './commands.ts'
import { HydrogenConnection } from './connection.ts'
import type { HydrogenContext } from './context.ts'
import { Ids } from './ids.ts'
import type { LiveSession } from './live-session.ts'
import { measure } from './measure.ts'
import { Metrics, type MetricsSnapshot } from './metrics.ts'
import { order } from './orders.ts'
import { Publisher } from './publisher.ts'
import { replay } from './replay.ts'
import { Runs } from './runs.ts'
import { Sessions } from './sessions.ts'
import { CpuLoad, statusOf } from './status.ts'
import type { Subscriber } from './subscriber.ts'
import { mayRead, removeSubscriber, unsubscribe } from './subscribing.ts'
import { type Topic, Topics } from './topics.ts'
import { Watch } from './watch.ts'

export class HydrogenService implements HydrogenContext {
  readonly socket: PluginSocket
  readonly clock = systemClock
  readonly ids = new Ids()
  readonly metrics = new Metrics()
  readonly authority: Authority
  readonly topics: Topics
  readonly sessions: Sessions
  readonly subscriptions = new Subscriptions<Subscriber>()
  readonly publisher: Publisher
  readonly commands: Commands
  readonly runs: Runs
  readonly connections = new Set<HydrogenConnection>()
  settings: HydrogenSettings
  readonly #since = systemClock.now()
  readonly #cpuLoad = new CpuLoad()
  readonly #undo: (() => void)[] = []
  #watch: Watch | undefined
  /** Connections with something that leaves when this turn is over. */
  #written: HydrogenConnection[] = []
  #closing = false

  /** @throws {SocketError} `EINVAL` naming the option that does not fit. */
  constructor(socket: PluginSocket, verdicts: Verdicts) {
    this.socket = socket
    this.settings = readSettings(socket)
    this.authority = new Authority(socket, verdicts)
    const prefix = `hydrogen:${socket.fd}:`
    this.topics = new Topics({
      store: socket.store,
      clock: this.clock,
      prefix,
      settings: name => this.#topicSettings(name),
      isLocal: name => name === this.settings.status?.topic,
      onBroken: topic => this.#broken(topic),
    })
    this.sessions = new Sessions({
      store: socket.store,
      prefix,
      topics: this.topics,
      session: {
        ttl: this.settings.session.ttl,
        commands: { maxRunning: this.settings.limits.commands },
      },
      surroundings: {
        clock: this.clock,
        ids: this.ids,
        delivery: this.settings.limits.delivery,
        changed: live => this.sessions.changed(live),
        ended: (live, event, end, reason) => this.publisher.ended(live, event, end, reason),
      },
      onOver: live => this.metrics.retire(live),
      onKept: commands => this.socket.emit(['kept', ...commands] satisfies KeptWire),
      onEnded: sessions => this.socket.emit(['ended', ...sessions] satisfies SessionsEndedWire),
      onFailure: (what, error) => this.log('warn', what, { error: error.message }),
    })
    this.publisher = new Publisher(this)
    this.commands = new Commands(this)
    this.runs = new Runs(this)
  }

  get second(): number {
    return this.#watch?.second ?? 0
  }

  /** @throws {SocketError} `EINVAL` where nobody could ever connect, `ENOTSUP` where nobody is to. */
  async open(): Promise<void> {
    if (!this.settings.enabled)
      throw new SocketError('ENOTSUP', 'HYDROGEN_CONFIG (440): Enabled is false: the server is not to listen')
    const fault = this.authority.fault()
    if (fault !== undefined) throw new SocketError('EINVAL', fault)
    for (const notice of this.#notices()) this.log('info', notice)
    const { store } = this.socket
    await this.topics.load()
    await this.sessions.adopt()
    this.#undo.push(store.onBack(({ kept }) => void this.#storeIsBack(kept)))
    this.#watch = new Watch(this)
    const saving = setInterval(() => void this.sessions.flush(), this.settings.session.save)
    saving.unref()
    this.#undo.push(() => clearInterval(saving))
  }

  /** Reads the options again. @throws {SocketError} `EINVAL` naming the one that does not fit. */
  refreshOptions(): void {
    const settings = readSettings(this.socket)
    this.authority.refresh(settings)
    this.settings = settings
  }

  /** Layer 1 of authentication: who may open a connection. */
  async admit(
    shown: Credentials | undefined,
    authentic: Authenticity | undefined,
  ): Promise<Authenticity | HydrogenErrorCode> {
    const admitted = await this.authority.handshake(shown, authentic)
    if (typeof admitted === 'string') return admitted
    return {
      authValid: admitted.identity !== undefined,
      identity: admitted.identity && { ...admitted.identity },
    }
  }

  /** A client was refused before it had a connection. */
  rejected(): void {
    const handler = this.settings.functions.transition
    if (handler === undefined) return
    this.socket.emit(['transition', 0, 'rejected', 'verifying', ''] satisfies TransitionWire, { handler })
  }

  connection(
    fd: Connection,
    ws: WebSocketClass,
    socket: Socket,
    options: WsConnectionOptions,
  ): HydrogenConnection {
    const connection = new HydrogenConnection(fd, ws, socket, options, this)
    this.connections.add(connection)
    this.metrics.totalConnections++
    return connection
  }

  call(wire: RequestWire): unknown | Promise<unknown> {
    return order(this, wire)
  }

  reply(wire: ReplyWire): void {
    this.runs.reply(wire)
  }

  /** Nobody answers commands any more, and no session could be resumed: the connections are closed as well. */
  close(): void {
    this.#closing = true
    for (const connection of [...this.connections]) connection.shut('shutdown')
    this.#end()
  }

  inspect(): MetricsSnapshot {
    return this.measure()
  }

  observe(connection: HydrogenConnection): void {
    const handler = this.settings.functions.transition
    if (handler === undefined) return
    connection.machine.observe((to, from) => {
      const user = connection.identity?.user ?? ''
      this.socket.emit(['transition', connection.fd.fd, to, from, user] satisfies TransitionWire, { handler })
    })
  }

  flushLater(connection: HydrogenConnection): void {
    if (this.#written.length === 0) setImmediate(this.#flush)
    this.#written.push(connection)
  }

  attach(connection: HydrogenConnection, live: LiveSession): void {
    connection.live = live
    connection.generation = live.session.generation
    live.connection = connection
    if (connection.machine.state === 'established') connection.machine.to('connected')
  }

  gone(connection: HydrogenConnection): void {
    this.connections.delete(connection)
    this.runs.forget(connection)
    const { live, generation } = connection
    if (live !== undefined && live.connection === connection) {
      for (const subscriber of live.subscribers.values())
        this.subscriptions.remove(subscriber.record.pattern, subscriber)
      for (const { place } of live.subscribers.values()) {
        const topic = place && this.topics.peek(place.topic)
        if (topic !== undefined) this.publisher.left(topic, live)
      }
      live.subscribers.clear()
      if (live.session.isCurrent(generation)) this.sessions.detach(live, generation)
      else live.detach()
    }
  }

  start(live: LiveSession, received?: number): void {
    if (received !== undefined) live.startDelivery(received)
    this.replay(live)
  }

  replay(live: LiveSession): void {
    replay(live, this.topics, this.clock.now())
  }

  refresh(live: LiveSession, identity: AdmittedIdentity): readonly string[] {
    live.identity = identity
    if (live.connection !== undefined) live.connection.identity = identity
    const revoked = live.session.permit(identity.permissions, pattern => mayRead(this, identity, pattern))
    for (const pattern of revoked) unsubscribe(this, live, pattern)
    for (const place of [...live.places.values()])
      if (!mayRead(this, identity, place.topic)) {
        for (const subscriber of place.subscribers)
          if (!subscriber.isWild) removeSubscriber(this.subscriptions, live, subscriber.record.pattern)
        live.forget(place)
      }
    if (live.connection !== undefined) live.connection.introduced = false
    this.sessions.changed(live)
    return revoked
  }

  status(): object {
    return statusOf(
      {
        since: this.#since,
        shuttingDown: this.#closing,
        connections: this.connections.size,
        totalConnections: this.metrics.totalConnections,
        totalRequests: this.metrics.commands,
      },
      this.#cpuLoad.read(),
    )
  }

  measure(): MetricsSnapshot {
    return measure(this)
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: Record<string, unknown>): void {
    this.socket.log(level, message, details)
  }

  readonly #flush = (): void => {
    const written = this.#written
    this.#written = []
    for (const connection of written) connection.flush()
  }

  /** What of its configuration is not as that has it. */
  #notices(): readonly string[] {
    const read = this.socket.option(HYDROGEN_CONFIG) as { WebSocketServer: HydrogenConfig } | undefined
    return read === undefined ? [] : applyConfig(read.WebSocketServer).notices
  }

  /** The status has its last value, whatever topics have otherwise. */
  #topicSettings(name: string): TopicSettings {
    const settings = this.settings.topic(name)
    if (name !== this.settings.status?.topic) return settings
    return { ...settings, ack: false, last: true, history: { ...settings.history, maxCount: 1 } }
  }

  /** What its subscribers have does not lead to what is published now: they come back, and are told. */
  #broken(topic: Topic): void {
    this.log('warn', 'a topic began anew', { topic: topic.name, epoch: topic.history.epoch })
    const broken = new Set<HydrogenConnection>()
    for (const connection of this.connections)
      if (connection.live?.places.has(topic.name)) broken.add(connection)
    for (const connection of broken) connection.shut('insufficientState')
  }

  /** A store that was lost has nothing: what is at hand of sessions is saved anew, and topics begin anew. */
  async #storeIsBack(kept: boolean): Promise<void> {
    try {
      await this.topics.reloadAll()
      if (!kept) this.sessions.touch()
      await this.sessions.flush()
    } catch (error) {
      this.log('error', 'the store came back and could not be read', { error: (error as Error).message })
    }
  }

  #end(): void {
    this.#watch?.[Symbol.dispose]()
    for (const undo of this.#undo.splice(0)) undo()
    for (const live of [...this.sessions]) this.sessions.end(live)
    void this.sessions.flush()
  }
}
