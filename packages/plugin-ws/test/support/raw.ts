/** A WebSocket peer that says exactly what it is told to, right or wrong: frames made by hand on a plain socket. */
import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** How a frame departs from a whole, masked text frame with the shortest length. */
export interface FrameShape {
  fin?: boolean
  /** The three reserved bits, 4 for RSV1. */
  rsv?: number
  /** The masking key; null for an unmasked frame. @default a fixed one */
  mask?: Buffer | null
  /** What the frame says its length is, where that is not its length. */
  length?: number
  /** How many bytes the length takes: 0, 2 or 8. @default the fewest */
  lengthBytes?: 0 | 2 | 8
}

export interface Frame {
  fin: boolean
  rsv: number
  opcode: number
  masked: boolean
  payload: Buffer
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d])

export const TEXT = 1
export const BINARY = 2
export const CONTINUATION = 0
export const CLOSE = 8
export const PING = 9
export const PONG = 10

/** One frame (RFC 6455 section 5.2). */
export function frame(opcode: number, payload: string | Buffer = '', shape: FrameShape = {}): Buffer {
  const { fin = true, rsv = 0, mask = MASK } = shape
  const data = typeof payload === 'string' ? Buffer.from(payload) : payload
  const length = shape.length ?? data.length
  const lengthBytes = shape.lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8)
  const head = Buffer.alloc(2 + lengthBytes)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = (mask ? 0x80 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) head.writeUInt16BE(length, 2)
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2)
  if (!mask) return Buffer.concat([head, data])
  return Buffer.concat([head, mask, Buffer.from(data.map((byte, i) => byte ^ mask[i % 4]!))])
}

export function closeFrame(code?: number, reason: string | Buffer = '', shape?: FrameShape): Buffer {
  if (code === undefined) return frame(CLOSE, '', shape)
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return frame(
    CLOSE,
    Buffer.concat([payload, typeof reason === 'string' ? Buffer.from(reason) : reason]),
    shape,
  )
}

export interface RawResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** The request of a handshake; a header that is undefined is left out, one that is a list is given as often. */
export function request(
  headers: Record<string, string | string[] | undefined> = {},
  line = 'GET / HTTP/1.1',
): string {
  const all: Record<string, string | string[] | undefined> = {
    Host: 'localhost',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers,
  }
  let text = `${line}\r\n`
  for (const [name, values] of Object.entries(all))
    for (const value of [values].flat()) if (value !== undefined) text += `${name}: ${value}\r\n`
  return `${text}\r\n`
}

export class RawPeer implements Disposable {
  readonly socket: Socket
  #data = Buffer.alloc(0)
  #ended = false
  #wake = (): void => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#data = Buffer.concat([this.#data, chunk])
      this.#wake()
    })
    for (const event of ['end', 'close'])
      socket.on(event, () => {
        this.#ended = true
        this.#wake()
      })
    socket.on('error', () => {})
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawPeer(socket)
  }

  /** A peer whose handshake is done. */
  static async open(port: number, headers: Record<string, string> = {}): Promise<RawPeer> {
    const peer = await RawPeer.connect(port)
    const response = await peer.send(request(headers)).response()
    if (response.status !== 101) throw new Error(`refused with ${response.status}: ${response.body}`)
    return peer
  }

  send(data: string | Buffer): this {
    this.socket.write(data)
    return this
  }

  /** One response; that to a HEAD has no content, whatever length it names. */
  async response(method = 'GET'): Promise<RawResponse> {
    let end = this.#data.indexOf('\r\n\r\n')
    while (end < 0) {
      await this.#more('a response')
      end = this.#data.indexOf('\r\n\r\n')
    }
    const [line, ...fields] = this.#take(end + 4)
      .toString('latin1')
      .trimEnd()
      .split('\r\n')
    const headers: Record<string, string> = {}
    for (const field of fields) {
      const colon = field.indexOf(':')
      headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim()
    }
    const length = method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0)
    while (this.#data.length < length) await this.#more('a body')
    return { status: Number(line!.split(' ')[1]), headers, body: this.#take(length).toString() }
  }

  async frame(): Promise<Frame> {
    const head = await this.#bytes(2)
    let length = head[1]! & 0x7f
    if (length === 126) length = (await this.#bytes(2)).readUInt16BE()
    else if (length === 127) length = Number((await this.#bytes(8)).readBigUInt64BE())
    const masked = (head[1]! & 0x80) !== 0
    const mask = masked ? await this.#bytes(4) : undefined
    const data = await this.#bytes(length)
    const payload = mask ? data.map((byte, i) => byte ^ mask[i % 4]!) : data
    return {
      fin: (head[0]! & 0x80) !== 0,
      rsv: (head[0]! >> 4) & 7,
      opcode: head[0]! & 15,
      masked,
      payload: Buffer.from(payload),
    }
  }

  /** The next close frame's code, 1005 for one without; frames before it are dropped. Undefined: the connection ended. */
  async closeCode(): Promise<number | undefined> {
    for (;;) {
      let next: Frame
      try {
        next = await this.frame()
      } catch {
        return undefined
      }
      if (next.opcode === CLOSE) return next.payload.length === 0 ? 1005 : next.payload.readUInt16BE()
    }
  }

  /** Resolves when the other side has ended. */
  async ended(): Promise<void> {
    while (!this.#ended)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  async #bytes(count: number): Promise<Buffer> {
    while (this.#data.length < count) await this.#more(`${count} bytes`)
    return this.#take(count)
  }

  #take(count: number): Buffer {
    const taken = this.#data.subarray(0, count)
    this.#data = this.#data.subarray(count)
    return taken
  }

  async #more(what: string): Promise<void> {
    if (this.#ended) throw new Error(`ended before ${what}: ${JSON.stringify(this.#data.toString('latin1'))}`)
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
  }
}

/** What a server answers a key with (RFC 6455 section 4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
