/**
 * A server that says exactly what it is told to: the other end of a client under test.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { type ConnectOptions, connect, type HydrogenClient } from '../../../src/hydrogen/client/index.ts'
import { type HydrogenErrorCode, wireError } from '../../../src/hydrogen/errors.ts'

type Message = Record<string, any>

/** Values in the order in which they came, each to be taken once. */
class Inbox<T> {
  readonly #values: T[] = []
  readonly #takers: { wants: (value: T) => boolean; take: (value: T) => void }[] = []

  put(value: T): void {
    const index = this.#takers.findIndex(({ wants }) => wants(value))
    if (index < 0) this.#values.push(value)
    else this.#takers.splice(index, 1)[0]!.take(value)
  }

  /** The first that is wanted, there already or yet to come. */
  take(wants: (value: T) => boolean = () => true): Promise<T> {
    const index = this.#values.findIndex(wants)
    if (index >= 0) return Promise.resolve(this.#values.splice(index, 1)[0]!)
    return new Promise(take => this.#takers.push({ wants, take }))
  }

  /** What came and was not taken. */
  get rest(): readonly T[] {
    return this.#values
  }
}

export const SESSION = {
  session: 's1',
  token: 't1',
  generation: 1,
  user: 'ann',
  permissions: ['*'],
  ttl: 120_000,
  limits: { maxBytes: 65_536, subscriptions: 128, window: 256 },
  server: { name: 'unisock', version: '0.1.0' },
}

export const RESUMED = { ...SESSION, cseq: 0, received: 0, topics: {}, subscriptions: [], revoked: [] }

let lastId = 0

/** One connection, as the server has it. */
export class PeerConnection {
  readonly request: IncomingMessage
  readonly inbox = new Inbox<Message>()
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #socket: WebSocket

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.#socket = socket
    this.request = request
    socket.on('message', data => this.inbox.put(JSON.parse(String(data))))
    this.closed = new Promise(resolve =>
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
    )
  }

  /** Subprotocols the client offered. */
  get offered(): string[] {
    return this.request.headers['sec-websocket-protocol']!.split(',').map(name => name.trim())
  }

  /** The next command of this action. */
  command(action: string): Promise<Message> {
    return this.inbox.take(({ type, action: its }) => type === 'command' && its === action)
  }

  ack(): Promise<Message> {
    return this.inbox.take(({ type }) => type === 'ack')
  }

  send(message: Message): void {
    this.#socket.send(JSON.stringify(message))
  }

  /** All in one go, so that they reach the client in one turn. */
  events(...messages: Message[]): void {
    this.request.socket.cork()
    for (const message of messages) this.event(message)
    this.request.socket.uncork()
  }

  sendText(text: string): void {
    this.#socket.send(text)
  }

  answer({ id, cseq }: Message, data: unknown = null): void {
    this.send({ type: 'response', id: `r${++lastId}`, re: id, ok: true, cseq, data })
  }

  refuse(command: Message | null, code: HydrogenErrorCode, facts: Message = {}): void {
    const error = wireError(code, facts)
    this.send({ type: 'response', id: `r${++lastId}`, re: command?.id ?? null, ok: false, error })
  }

  event(message: Message): void {
    this.send({ type: 'event', id: `e${++lastId}`, channel: 'news', action: 'told', ...message })
  }

  /** Ends the connection without a close frame, or with one. */
  cut(code?: number, reason?: string): void {
    if (code === undefined) this.#socket.terminate()
    else this.#socket.close(code, reason)
  }

  /** Answers the next `subscribe`. */
  async subscribed(answer: Message = { epoch: 'a', offset: 0, top: 0 }): Promise<Message> {
    const command = await this.command('subscribe')
    const { topic } = command.data
    this.answer(command, { topic, recovered: false, wasRecovering: false, ...answer })
    return command.data
  }
}

export class ClientPeer implements AsyncDisposable {
  readonly #server: WebSocketServer
  readonly #connections = new Inbox<PeerConnection>()
  readonly #clients: HydrogenClient[] = []

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (socket, request) => this.#connections.put(new PeerConnection(socket, request)))
  }

  static async start(): Promise<ClientPeer> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise(resolve => server.once('listening', resolve))
    return new ClientPeer(server)
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** A client of this server, which returns at once where nothing else is said. */
  client(options: ConnectOptions = {}): HydrogenClient {
    const client = connect<any>(this.url, { reconnect: { min: 1, max: 2 }, ...options })
    this.#clients.push(client)
    return client
  }

  /** The next connection. */
  connection(): Promise<PeerConnection> {
    return this.#connections.take()
  }

  /** The next connection, which gets a session. */
  async session(answer: Message = {}): Promise<PeerConnection> {
    const connection = await this.connection()
    connection.answer(await connection.command('connect'), { ...SESSION, ...answer })
    return connection
  }

  /** The next connection, which gets its session back; and what it said. */
  async resumed(answer: Message = {}): Promise<{ connection: PeerConnection; said: Message }> {
    const connection = await this.connection()
    const command = await connection.command('resume')
    connection.answer(command, { ...RESUMED, ...answer })
    return { connection, said: command.data }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map(client => client.close()))
    for (const socket of this.#server.clients) socket.terminate()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** The next value of an event of a client or a subscription. */
export function once<V>(
  source: { on(name: any, listener: (value: any) => void): () => void },
  name: string,
  wants: (value: V) => boolean = () => true,
): Promise<V> {
  return new Promise(resolve => {
    const undo = source.on(name, value => {
      if (!wants(value)) return
      undo()
      resolve(value)
    })
  })
}
