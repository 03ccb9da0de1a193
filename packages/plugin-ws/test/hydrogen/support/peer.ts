/**
 * A client of a live server over the `ws` library: it speaks envelopes, and remembers nothing by itself but its token.
 * @module
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { Inbox } from '../../../../../test/support/inbox.ts'
import type { HydrogenErrorCode } from '../../../src/hydrogen/errors.ts'

export type Message = Record<string, any>

export interface PeerOptions {
  /** Shown in the handshake, with `scheme`. @default 'ann' */
  key?: string | undefined
  scheme?: 'Key' | 'Bearer'
  /** Offered instead of `hydrogen-protocol` alone. */
  protocols?: string[]
  ws?: WebSocket.ClientOptions
}

/** Where a client is in a topic. */
export interface SaidPosition {
  epoch: string
  offset: number
  partial?: boolean
}

export interface ResumeRequest {
  /** @default the newest the peer was given */
  token?: string
  topics?: Record<string, unknown>
  received?: number
  /** Shown in the message. */
  auth?: Message
}

export interface Closed {
  code: number
  reason: string
}

/** A command was refused. */
export class Refused extends Error {
  readonly code: HydrogenErrorCode
  readonly response: Message

  constructor(response: Message) {
    super(`${response.action}: ${response.error.reason}: ${response.error.message}`)
    this.code = response.error.reason
    this.response = response
  }
}

let lastId = 0

export class HydrogenPeer implements AsyncDisposable {
  readonly socket: WebSocket
  /** Events in the order in which they came. */
  readonly inbox = new Inbox<Message>()
  /** Everything that came, in its order. */
  readonly log: Message[] = []
  /** Responses to what was not sent as a command, in their order. */
  readonly responses = new Inbox<Message>()
  readonly closed: Promise<Closed>
  /** What resumes its session next. */
  token = ''
  readonly #asked = new Map<string, (response: Message) => void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', data => this.#receive(JSON.parse(String(data))))
    socket.on('error', () => {})
    this.closed = new Promise(resolve =>
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
    )
  }

  /** @throws {Error} where the handshake is refused. */
  static async open(
    url: string,
    { key = 'ann', scheme = 'Key', protocols = ['hydrogen-protocol'], ws }: PeerOptions = {},
  ): Promise<HydrogenPeer> {
    const headers = key === '' ? {} : { Authorization: `${scheme} ${key}` }
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false, headers, ...ws })
    const peer = new HydrogenPeer(socket)
    await once(socket, 'open')
    return peer
  }

  /** One with a session. */
  static async connected(url: string, options?: PeerOptions): Promise<HydrogenPeer> {
    const peer = await HydrogenPeer.open(url, options)
    await peer.connect()
    return peer
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The response to a command, whatever it says; never, where the connection ends before. */
  command(channel: string, action: string, data?: unknown, more: Message = {}): Promise<Message> {
    const id = more.id ?? `c${++lastId}`
    const answered = new Promise<Message>(resolve => this.#asked.set(id, resolve))
    this.say({ type: 'command', id, channel, action, data, ...more })
    return answered
  }

  /** What a verb answers. @throws {Refused} */
  async verb(action: string, data?: unknown, more?: Message): Promise<Message> {
    const response = await this.command('system', action, data, more)
    if (!response.ok) throw new Refused(response)
    return response.data
  }

  async connect(auth?: Message): Promise<Message> {
    const answer = await this.verb('connect', undefined, auth && { auth })
    this.token = answer.token
    return answer
  }

  /** @throws {Refused} */
  async resume({
    token = this.token,
    topics = {},
    received = 0,
    auth,
  }: ResumeRequest = {}): Promise<Message> {
    const answer = await this.verb('resume', { token, topics, received }, auth && { auth })
    this.token = answer.token
    return answer
  }

  subscribe(topic: string, options: Message = {}): Promise<Message> {
    return this.verb('subscribe', { topic, ...options })
  }

  /** The next event. */
  event(): Promise<Message> {
    return this.inbox.next()
  }

  async events(count: number): Promise<Message[]> {
    const events: Message[] = []
    while (events.length < count) events.push(await this.event())
    return events
  }

  ack({ id, attempt }: Message, more: Message = {}): void {
    this.say({ type: 'ack', id, attempt, ...more })
  }

  /** Resolves when the server has read all that was sent before, and whatever that leads to at once has come. */
  async settled(): Promise<void> {
    await this.verb('ping')
  }

  /** Reads nothing more. */
  pause(): void {
    this.tcp.pause()
  }

  unpause(): void {
    this.tcp.resume()
  }

  /** The connection ends without a word. */
  async cut(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }

  get tcp(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut()
  }

  #receive(message: Message): void {
    this.log.push(message)
    if (message.type === 'event') return this.inbox.put(message)
    const resolve = this.#asked.get(message.re)
    if (!resolve) return this.responses.put(message)
    this.#asked.delete(message.re)
    resolve(message)
  }
}

/** Where an event left its reader. */
export const positionOf = ({ epoch, offset }: Message): SaidPosition => ({ epoch, offset })

export const offsetsOf = (events: readonly Message[]): number[] => events.map(({ offset }) => offset)
