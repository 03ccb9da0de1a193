/** A broker that does what a test tells it: packets come in, anything at all goes out. */
import { createServer, type Server, type Socket } from 'node:net'
import { generate, type Packet, parser } from 'mqtt-packet'
import { Inbox } from './kernel.ts'

/** One connection of it. */
export class Session {
  readonly socket: Socket
  readonly packets = new Inbox<any>()
  readonly closed: Promise<void>
  readonly #version: 4 | 5

  constructor(socket: Socket, version: 4 | 5) {
    this.socket = socket
    this.#version = version
    const parse = parser({ protocolVersion: version })
    parse.on('packet', packet => {
      this.packets.put(packet)
      if (packet.cmd === 'disconnect') socket.end()
    })
    socket.on('data', (chunk: Buffer) => parse.parse(chunk)).on('error', () => {})
    this.closed = new Promise(resolve => socket.on('close', () => resolve()))
  }

  send(packet: object): void {
    this.socket.write(generate(packet as Packet, { protocolVersion: this.#version }))
  }

  raw(...bytes: number[]): void {
    this.socket.write(Buffer.from(bytes))
  }

  /** The next packet of a kind; others before it are dropped. */
  next(cmd: string): Promise<any> {
    return this.packets.find(packet => packet.cmd === cmd)
  }

  /** Accepts the client. */
  async greet(connack: object = {}): Promise<any> {
    const connect = await this.next('connect')
    const code = this.#version === 5 ? { reasonCode: 0 } : { returnCode: 0 }
    this.send({ cmd: 'connack', sessionPresent: false, ...code, ...connack })
    return connect
  }
}

export class ScriptedBroker implements AsyncDisposable {
  readonly sessions = new Inbox<Session>()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(version: 4 | 5) {
    this.#server = createServer(socket => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      this.sessions.put(new Session(socket, version))
    })
  }

  static async start(version: 4 | 5 = 4): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(version)
    await new Promise<void>(resolve => broker.#server.listen(0, '127.0.0.1', resolve))
    return broker
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  /** The next connection, greeted. */
  async session(connack: object = {}): Promise<Session> {
    const session = await this.sessions.next()
    await session.greet(connack)
    return session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
