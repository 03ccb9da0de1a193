/**
 * One connection to a broker, from its CONNECT on: mqtt.js over a stream that is open.
 * @module
 */
import type { Duplex } from 'node:stream'
import { type Addr, SocketError } from '@unisock/kernel/plugin'
import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket } from 'mqtt'
import { type Packet, writeToStream } from 'mqtt-packet'
import { PacketSize } from '../packet-size.ts'
import type { SubscribeProperties } from '../properties.ts'
import { type FilterWire, type PublishWire, QOS, type QoS, RETAIN } from '../wire.ts'
import { assertTaken } from './broker-limits.ts'
import { brokerFailure, refusal } from './failure.ts'
import type { IncomingStore } from './incoming-store.ts'
import type { OutgoingStore } from './outgoing-store.ts'
import { PacketIds } from './packet-ids.ts'
import type { Publication } from './publication.ts'
import { PublishWriter } from './publish-writer.ts'
import type { OpenStream } from './stream.ts'

/** What is said to the broker. */
export type Introduction = Pick<
  IClientOptions,
  'clientId' | 'protocolVersion' | 'clean' | 'keepalive' | 'username' | 'password' | 'will' | 'properties'
>

export interface BrokerConnectionOptions {
  readonly introduction: Introduction
  /** Bytes of a packet that may come. */
  readonly maxPacketSize: number
  readonly outgoing: OutgoingStore
  readonly incoming: IncomingStore
  /** What was sent before and is not acknowledged. */
  readonly sent: readonly Publication[]
  /** The broker has answered: whether it kept the session. Called before anything else is sent. */
  onSession(present: boolean): void
  /** False: there is no room for another; `resume` says when. */
  onMessage(packet: IPublishPacket): boolean
  /** The broker has a message, or does not take it. */
  onDone(publication: Publication, error?: SocketError): void
  onDrain(): void
  /** It is over. Not called for one that never stood. */
  onOver(error: SocketError): void
}

const VERSION_5 = { protocolVersion: 5 }
const NOTHING = (): void => {}

/** Milliseconds in which a broker that was said goodbye to must have closed the connection. */
const GOODBYE_TIMEOUT = 1000
/** Packets of QoS 1 and 2 that are on their way at once, where the broker does not say fewer. */
const WINDOW = 1000

export class BrokerConnection {
  readonly addr: Addr
  readonly #client: mqtt.MqttClient
  readonly #stream: Duplex
  readonly #ids: PacketIds
  readonly #writer: PublishWriter
  readonly #options: BrokerConnectionOptions
  readonly #closed = Promise.withResolvers<void>()
  #connack: IConnackPacket | undefined
  #window = WINDOW
  #inFlight = 0
  #error: SocketError | undefined
  /** Stands, and is not over. */
  #standing = false
  /** Takes the message that there was no room behind. */
  #held: (() => void) | undefined

  private constructor({ stream, addr }: OpenStream, options: BrokerConnectionOptions) {
    const { introduction, maxPacketSize, outgoing, incoming, sent } = options
    this.addr = addr
    this.#stream = stream
    this.#options = options
    this.#writer = new PublishWriter(stream, introduction.protocolVersion === 5)
    this.#ids = new PacketIds(sent.map(({ id }) => id))
    const size = new PacketSize(maxPacketSize)
    stream
      .on('data', (chunk: Buffer) => {
        try {
          size.check(chunk)
        } catch (error) {
          this.#fail(error)
        }
      })
      .on('end', () => stream.destroy())
      .on('drain', () => options.onDrain())
    const client = new mqtt.MqttClient(() => stream, {
      ...introduction,
      manualConnect: true,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      timerVariant: 'native',
      outgoingStore: outgoing,
      incomingStore: incoming,
      messageIdProvider: this.#ids,
      log: NOTHING,
    })
    this.#client = client
    client.handleMessage = (packet, done) => {
      if (options.onMessage(packet)) done()
      else this.#held = done
    }
    // A broker whose messages are not read cannot be heard to answer.
    const silent = client.onKeepaliveTimeout
    client.onKeepaliveTimeout = () => {
      if (this.#held) client.reschedulePing(true)
      else silent.call(client)
    }
    client
      .on('packetreceive', packet => {
        if (packet.cmd === 'connack') this.#greeted(packet)
      })
      .on('disconnect', ({ reasonCode = 0, properties }) => {
        const said = properties?.reasonString
        this.#fail(refusal(reasonCode, `the broker disconnected${said ? `: ${said}` : ''}`))
      })
      .on('error', error => this.#fail(error))
      .on('close', () => this.#over())
    for (const publication of sent) {
      outgoing.resume(publication)
      if (!publication.released) continue
      this.#inFlight++
      this.#await(publication, publication.id, 'pubrel')
    }
  }

  /** @throws {SocketError} why the broker refused, or did not answer. */
  static async open(
    stream: OpenStream,
    options: BrokerConnectionOptions,
    signal: AbortSignal,
  ): Promise<BrokerConnection> {
    const connection = new BrokerConnection(stream, options)
    const abort = (): void => connection.#fail(signal.reason)
    signal.addEventListener('abort', abort)
    try {
      await connection.#stand()
      return connection
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** What the broker said as it connected; of MQTT 5. */
  get properties(): NonNullable<IConnackPacket['properties']> {
    return this.#connack?.properties ?? {}
  }

  get sessionPresent(): boolean {
    return this.#connack?.sessionPresent ?? false
  }

  /** How many further messages of QoS 1 and 2 may be sent now. */
  get room(): number {
    return Math.min(this.#window - this.#inFlight, this.#ids.free)
  }

  /** The stream takes no more for now. */
  get isFull(): boolean {
    return this.#stream.writableNeedDrain
  }

  /** @throws {SocketError} `EMSGSIZE`, `ENOTSUP` for what the broker has said it does not take */
  send(wire: PublishWire): void {
    this.#assertTaken(wire)
    this.#write(wire, 0, false)
  }

  /** Sends a message of QoS 1 or 2; `onDone` tells what became of it. */
  publish(publication: Publication): void {
    try {
      this.#assertTaken(publication.wire)
    } catch (error) {
      this.#options.onDone(publication, error as SocketError)
      return
    }
    const again = publication.id > 0
    const id = again ? publication.id : this.#ids.allocate()!
    this.#inFlight++
    this.#await(publication, id, 'publish')
    this.#options.outgoing.send(publication, id, () => this.#write(publication.wire, id, again))
  }

  /** Resolves with a reason code for each filter; with undefined when the connection is lost before. */
  subscribe(
    filters: readonly FilterWire[],
    properties: SubscribeProperties | undefined,
  ): Promise<readonly number[] | undefined> {
    const map = Object.fromEntries(
      filters.map(([filter, qos, nl, rap, rh]) => [filter, { qos, nl, rap, rh }] as const),
    )
    return new Promise(resolve => {
      this.#client.subscribe(
        map,
        { qos: 0, ...(properties && { properties: properties as never }) },
        (error, subscriptions, packet) => {
          const granted = packet?.granted ?? subscriptions?.map(({ qos }) => qos)
          resolve(error && !packet ? undefined : (granted as number[] | undefined))
        },
      )
    })
  }

  /** Resolves with whether the broker has acknowledged it. */
  unsubscribe(filters: readonly string[]): Promise<boolean> {
    return new Promise(resolve => this.#client.unsubscribe([...filters], error => resolve(!error)))
  }

  /** There is room for messages again. */
  resume(): void {
    const held = this.#held
    this.#held = undefined
    held?.()
  }

  /**
   * Says goodbye: the broker forgets the will. Resolves when the connection is closed, within `timeout` milliseconds at
   * most.
   */
  async end(timeout: number): Promise<void> {
    const timer = setTimeout(() => this.#stream.destroy(), Math.min(timeout, GOODBYE_TIMEOUT))
    this.#writer.flush()
    // What is not acknowledged is not waited for.
    this.#client.outgoing = {}
    this.#client.end(false)
    this.#held = undefined
    this.#stream.unpipe().resume()
    await this.#closed.promise
    clearTimeout(timer)
  }

  /** Without a goodbye: the broker publishes the will. */
  abort(): Promise<void> {
    this.#client.end(true)
    return this.#closed.promise
  }

  #stand(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.once('connect', () => {
        this.#standing = true
        resolve()
      })
      void this.#closed.promise.then(() => reject(this.#reason))
      this.#client.connect()
    })
  }

  get #reason(): SocketError {
    return this.#error ?? new SocketError('ECONNRESET', 'the broker closed the connection')
  }

  #greeted(packet: IConnackPacket): void {
    if ((packet.reasonCode ?? packet.returnCode) !== 0 || this.#connack) return
    this.#connack = packet
    this.#window = Math.min(WINDOW, packet.properties?.receiveMaximum ?? WINDOW)
    if (!packet.sessionPresent) {
      this.#options.incoming.clear()
      this.#client.outgoing = {}
      this.#inFlight = 0
    }
    this.#options.onSession(packet.sessionPresent)
  }

  #settled(publication: Publication, error: Error | undefined | null): void {
    this.#inFlight--
    const { code } = (error ?? {}) as { code?: unknown }
    // Anything else that goes wrong is the connection's: the next one sends it again.
    if (!error) this.#options.onDone(publication)
    else if (typeof code === 'number')
      this.#options.onDone(publication, refusal(code, error.message, { topic: publication.wire[0] }))
  }

  /** Has mqtt.js tell what the broker says of a packet. */
  #await(publication: Publication, id: number, cmd: 'publish' | 'pubrel'): void {
    const cb = (error?: Error | null): void => this.#settled(publication, error)
    this.#client.outgoing[id] = { volatile: false, cmd, cb }
  }

  #write([topic, payload, bits, , properties]: PublishWire, id: number, dup: boolean): void {
    const qos = (bits & QOS) as QoS
    const retain = (bits & RETAIN) !== 0
    if (!properties) {
      this.#writer.write(topic, payload, qos, retain, dup, id)
      return
    }
    this.#writer.flush()
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup, messageId: id, properties }
    writeToStream(packet as unknown as Packet, this.#stream, VERSION_5)
  }

  #assertTaken(wire: PublishWire): void {
    const limits = this.#connack?.properties
    if (limits) assertTaken(wire, limits)
  }

  #fail(error: unknown): void {
    this.#error ??= brokerFailure(error)
    this.#stream.destroy()
  }

  #over(): void {
    this.#closed.resolve()
    if (!this.#standing) return
    this.#standing = false
    this.#options.onOver(this.#reason)
  }
}
