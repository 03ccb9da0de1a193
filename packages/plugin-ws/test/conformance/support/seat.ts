/** Our side of the table, as server or as client: opens connections to a {@link Wire} and notes what the program gets. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import type { Fd, Handlers, Isolation, Kernel, Mode } from '@unisock/kernel'
import { expect } from 'vitest'
import { WEBSOCKET_CLIENT, WEBSOCKET_SERVER, type WsMessage } from '../../../src/index.ts'
import { type ClientSpec, Inbox, type OptionRow, serving, wsKernel } from '../../support/kernel.ts'
import { acceptOf, CLOSE, PONG, request } from '../../support/raw.ts'
import type { Part } from './parts.ts'
import type { Role, Row } from './row.ts'
import { closeIn, type Frame, pongsIn, Wire } from './wire.ts'

/** What is compared of a message. */
export function shown({ message_type, data, frame_info: { compressed, opcode, length } }: WsMessage): string {
  expect([opcode, length]).toEqual([message_type === 'text' ? 1 : 2, Buffer.byteLength(data)])
  const content = message_type === 'text' ? data : (data as Buffer).toString('hex')
  return `${compressed ? 'compressed ' : ''}${message_type} ${content}`
}

/** An open connection, from both ends. */
export class Line implements Disposable {
  /** The peer's end, as soon as it is known which. */
  wire!: Wire
  readonly fd: Fd<any>
  readonly messages: string[] = []
  readonly inbox = new Inbox<string>()
  /** How the program was told of the end. */
  readonly told: Promise<Error | undefined>
  readonly tell: (error: Error | undefined) => void
  readonly #mask: Buffer | null

  constructor(fd: Fd<any>, mask: Buffer | null) {
    this.fd = fd
    this.#mask = mask
    const told = Promise.withResolvers<Error | undefined>()
    this.told = told.promise
    this.tell = told.resolve
  }

  receive(message: WsMessage): void {
    const text = shown(message)
    this.messages.push(text)
    this.inbox.put(text)
  }

  encode(parts: readonly Part[]): Buffer {
    return Buffer.concat(parts.map(part => part(this.#mask)))
  }

  send(...parts: Part[]): this {
    this.wire.send(this.encode(parts))
    return this
  }

  /** All that still comes from our side, which is then let go. */
  async over(): Promise<Frame[]> {
    const frames = await this.wire.frames()
    this.wire.socket.end()
    return frames
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]()
  }
}

const MASK = Buffer.from([0xa1, 0x5b, 0x00, 0xff])

export interface Seat extends AsyncDisposable {
  readonly role: Role
  readonly kernel: Kernel
  /**
   * @param headers Further header fields of the peer's half of the handshake.
   * @param behind What the peer sends with it, in one go.
   */
  open(headers?: Record<string, string>, behind?: readonly Part[]): Promise<Line>
}

/** @param mode By default 30 for a server, 31 for a client. */
export function seatFor(
  role: Role,
  isolation: Isolation,
  options: readonly OptionRow[] = [],
  mode?: Mode<any>,
): Promise<Seat> {
  return role === 'server' ? serverSeat(isolation, options, mode) : clientSeat(isolation, options, mode)
}

export async function serverSeat(
  isolation: Isolation = 'inline',
  options: readonly OptionRow[] = [],
  mode: Mode<any> = WEBSOCKET_SERVER,
): Promise<Seat & { port: number }> {
  const kernel = await wsKernel(isolation)
  const opened = new Inbox<Line>()
  const lines = new Map<number, Line>()
  const { port } = await serving(
    kernel,
    {
      open: fd => {
        const line = new Line(fd, MASK)
        lines.set(fd, line)
        opened.put(line)
      },
      message: (fd, message) => lines.get(fd)!.receive(message),
      close: (fd, error) => {
        lines.get(fd)?.tell(error)
        lines.delete(fd)
      },
    },
    options,
    { mode },
  )
  return {
    role: 'server',
    kernel,
    port,
    async open(headers = {}, behind = []) {
      const wire = await Wire.connect(port)
      const frames = behind.map(part => part(MASK))
      const head = await wire.send(Buffer.concat([Buffer.from(request(headers)), ...frames])).head()
      expect(head).toMatch(/^HTTP\/1\.1 101 /)
      const line = await opened.next()
      line.wire = wire
      return line
    },
    [Symbol.asyncDispose]: () => kernel.close(),
  }
}

/** A plain server, for clients that are ours. */
export class PlainServer implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #accepted = new Inbox<Wire>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => {
      this.#sockets.add(socket)
      this.#accepted.put(new Wire(socket))
    })
  }

  static async listen(): Promise<PlainServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new PlainServer(server)
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  accept(): Promise<Wire> {
    return this.#accepted.next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}

/** The value of a header field in a head. */
export function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r$`, 'im').exec(head)?.[1]
}

/** A server's half of the handshake; a field that is undefined is left out. */
export function response(
  requestHead: string,
  headers: Record<string, string | string[] | undefined> = {},
  line = 'HTTP/1.1 101 Switching Protocols',
): string {
  const all: Record<string, string | string[] | undefined> = {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptOf(fieldOf(requestHead, 'Sec-WebSocket-Key')!),
    ...headers,
  }
  let head = `${line}\r\n`
  for (const [name, values] of Object.entries(all))
    for (const value of [values].flat()) if (value !== undefined) head += `${name}: ${value}\r\n`
  return `${head}\r\n`
}

export async function clientSeat(
  isolation: Isolation = 'inline',
  options: readonly OptionRow[] = [],
  mode: Mode<any> = WEBSOCKET_CLIENT,
): Promise<Seat> {
  const kernel = await wsKernel(isolation)
  const server = await PlainServer.listen()
  return {
    role: 'client',
    kernel,
    async open(headers = {}, behind = []) {
      const handlers: Handlers<ClientSpec> = {
        message: (_fd, message) => line.receive(message),
        close: (_fd, error) => line.tell(error),
      }
      const fd = kernel.create(mode, handlers as Handlers<any>)
      const line = new Line(fd, null)
      for (const [option, value] of options) void kernel.setOption(fd, option, value as never)
      const connected = kernel.connect(fd, server.port)
      const wire = await server.accept()
      line.wire = wire
      const frames = behind.map(part => part(null))
      wire.send(Buffer.concat([Buffer.from(response(await wire.head(), headers)), ...frames]))
      await connected
      return line
    },
    async [Symbol.asyncDispose]() {
      await kernel.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Plays a row, and holds all that both ends get against what must come of it. */
export async function play(
  seat: Seat,
  { given, expect: outcome }: Row,
  { headers = {}, slowly = false }: { headers?: Record<string, string>; slowly?: boolean } = {},
): Promise<void> {
  using line = await seat.open(headers)
  const data = line.encode(given)
  if (slowly) await line.wire.dribble(data)
  else line.wire.send(data)
  if (outcome.close === undefined) line.wire.socket.end()
  const frames = await line.over()
  const error = (await line.told) as (Error & { code: string }) | undefined
  const { messages = [], pongs = [], close, reason = '', told } = outcome
  expect({
    messages: line.messages,
    pongs: pongsIn(frames).map(String),
    ...closeIn(frames),
    told: error?.code,
  }).toEqual({ messages, pongs: pongs.map(String), close, reason, told })
  const control = close === undefined ? PONG : CLOSE
  for (const { fin, rsv, masked, opcode } of frames) {
    expect([fin, rsv, masked]).toEqual([true, 0, seat.role === 'client'])
    expect([PONG, control]).toContain(opcode)
  }
}
