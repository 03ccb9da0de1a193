/**
 * What a client is subscribed to, through all its connections: each has it made again what the broker does not know.
 * @module
 */
import type { PluginSocket, SocketError } from '@unisock/kernel/plugin'
import type { SubscribeProperties } from '../properties.ts'
import type { FilterWire, QoS, SubscribeWire } from '../wire.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { refusal } from './failure.ts'

export interface Granted {
  topic: string
  qos: QoS
}

interface Subscription {
  readonly wire: FilterWire
  readonly properties: SubscribeProperties | undefined
  /** The broker knows of it. */
  known: boolean
}

/** Somebody who waits for the broker's word on filters. */
interface Waiting {
  readonly left: Set<string>
  readonly granted: Granted[]
  refused: SocketError | undefined
  settle(granted: Granted[], refused: SocketError | undefined): void
}

/** Filters of one packet at most. */
const BATCH = 100
/** Reason codes from here on say no. */
const FAILURE = 0x80

/** The rows by which a restarted worker knows of them. */
const ROW = 'subscription:'
const DROPPED_ROW = 'unsubscribed:'

export class Subscriptions {
  readonly #socket: PluginSocket
  readonly #subscriptions = new Map<string, Subscription>()
  /** Of which the broker still knows. */
  readonly #dropped = new Set<string>()
  #waiting: Waiting[] = []
  #connection: BrokerConnection | undefined

  constructor(socket: PluginSocket) {
    this.#socket = socket
    for (const [key, value] of socket.kept) {
      if (key.startsWith(DROPPED_ROW)) this.#dropped.add(key.slice(DROPPED_ROW.length))
      if (!key.startsWith(ROW)) continue
      const [wire, properties, known] = value as [FilterWire, SubscribeProperties | null, boolean]
      this.#subscriptions.set(wire[0], { wire, properties: properties ?? undefined, known })
    }
  }

  get size(): number {
    return this.#subscriptions.size
  }

  /** Resolves with what the broker has granted. @throws {SocketError} why it did not. */
  subscribe([, filters, properties]: SubscribeWire): Promise<Granted[]> {
    for (const wire of filters) {
      this.#dropped.delete(wire[0])
      this.#socket.keep(DROPPED_ROW + wire[0], undefined)
      this.#set({ wire, properties: properties ?? undefined, known: false })
    }
    const outcome = this.#outcome(filters.map(([filter]) => filter))
    if (this.#connection) void this.#make(this.#connection, filters, properties ?? undefined)
    return outcome
  }

  /** Resolves when the broker has acknowledged it. */
  async unsubscribe(filters: readonly string[]): Promise<void> {
    for (const filter of filters) {
      if (this.#subscriptions.delete(filter)) this.#socket.keep(ROW + filter, undefined)
      this.#dropped.add(filter)
      this.#socket.keep(DROPPED_ROW + filter, true)
    }
    const outcome = this.#outcome(filters)
    if (this.#connection) void this.#drop(this.#connection, filters)
    await outcome
  }

  connected(connection: BrokerConnection): void {
    this.#connection = connection
    if (!connection.sessionPresent)
      for (const subscription of this.#subscriptions.values()) subscription.known = false
    const unknown = [...this.#subscriptions.values()].filter(({ known }) => !known)
    for (const group of Map.groupBy(unknown, ({ properties }) => JSON.stringify(properties)).values())
      for (let i = 0; i < group.length; i += BATCH) {
        const batch = group.slice(i, i + BATCH)
        void this.#make(
          connection,
          batch.map(({ wire }) => wire),
          batch[0]!.properties,
        )
      }
    const dropped = [...this.#dropped]
    if (!connection.sessionPresent) for (const filter of dropped) this.#isDropped(filter)
    else
      for (let i = 0; i < dropped.length; i += BATCH) void this.#drop(connection, dropped.slice(i, i + BATCH))
  }

  lost(): void {
    this.#connection = undefined
  }

  close(error: SocketError): void {
    for (const { settle } of this.#waiting) settle([], error)
    this.#waiting = []
  }

  async #make(
    connection: BrokerConnection,
    filters: readonly FilterWire[],
    properties: SubscribeProperties | undefined,
  ): Promise<void> {
    const codes = await connection.subscribe(filters, properties)
    if (!codes) return
    for (const [i, [filter]] of filters.entries()) {
      const code = codes[i] ?? FAILURE
      const subscription = this.#subscriptions.get(filter)
      if (code < FAILURE) {
        if (subscription) this.#set({ ...subscription, known: true })
        this.#answered(filter, code as QoS, undefined)
      } else {
        if (this.#subscriptions.delete(filter)) this.#socket.keep(ROW + filter, undefined)
        const error = refusal(
          code === FAILURE ? 135 : code,
          `the broker refused the subscription to ${filter}`,
          {
            topic: filter,
          },
        )
        if (!this.#answered(filter, 0, error)) this.#socket.error(error)
      }
    }
  }

  async #drop(connection: BrokerConnection, filters: readonly string[]): Promise<void> {
    if (await connection.unsubscribe(filters)) for (const filter of filters) this.#isDropped(filter)
  }

  #isDropped(filter: string): void {
    this.#dropped.delete(filter)
    this.#socket.keep(DROPPED_ROW + filter, undefined)
    this.#answered(filter, 0, undefined)
  }

  #set(subscription: Subscription): void {
    const { wire, properties, known } = subscription
    this.#subscriptions.set(wire[0], subscription)
    this.#socket.keep(ROW + wire[0], [wire, properties ?? null, known])
  }

  #outcome(filters: readonly string[]): Promise<Granted[]> {
    return new Promise((resolve, reject) => {
      const settle = (granted: Granted[], refused: SocketError | undefined): void =>
        refused ? reject(refused) : resolve(granted)
      this.#waiting.push({ left: new Set(filters), granted: [], refused: undefined, settle })
    })
  }

  /** Whether anybody has waited for it. */
  #answered(topic: string, qos: QoS, refused: SocketError | undefined): boolean {
    const concerned = this.#waiting.filter(({ left }) => left.delete(topic))
    for (const waiting of concerned) {
      if (refused) waiting.refused = refused
      else waiting.granted.push({ topic, qos })
      if (waiting.left.size === 0) waiting.settle(waiting.granted, waiting.refused)
    }
    this.#waiting = this.#waiting.filter(({ left }) => left.size > 0)
    return concerned.length > 0
  }
}
