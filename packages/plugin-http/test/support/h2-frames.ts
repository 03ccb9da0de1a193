/** A client that writes HTTP/2 frames by hand, valid or not. */
import { connect, type Socket } from 'node:net'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const
export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4

export interface Frame {
  type: number
  flags: number
  stream: number
  payload: Buffer
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** RFC 7541 section 6.2.2: a field as it is, in no table. */
export function fields(...pairs: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of pairs) parts.push(Buffer.from([0]), text(name), text(value))
  return Buffer.concat(parts)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  length.push(rest)
  return Buffer.concat([Buffer.from(length), bytes])
}

export const HEAD = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a'],
] as const

export class FrameClient {
  readonly socket: Socket
  readonly frames: Frame[] = []
  #rest = Buffer.alloc(0)
  #ended = false
  #waiting: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    socket
      .on('data', (chunk: Buffer) => this.#read(chunk))
      .on('error', () => {})
      .on('close', () => {
        this.#ended = true
        this.#wake()
      })
  }

  /** Connects, and says the preface and empty settings. */
  static async connect(port: number, settings = frame(FRAME.SETTINGS, 0, 0)): Promise<FrameClient> {
    const socket = connect({ port, host: '127.0.0.1' })
    const client = new FrameClient(socket)
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return client.send(PREFACE, settings)
  }

  send(...frames: Buffer[]): this {
    this.socket.write(Buffer.concat(frames))
    return this
  }

  request(stream: number, ...pairs: readonly (readonly [string, string])[]): this {
    return this.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, stream, fields(...HEAD, ...pairs)))
  }

  /** Waits for a frame of a type, on a stream. */
  async next(type: number, stream?: number): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(
        one => one.type === type && (stream === undefined || one.stream === stream),
      )
      if (found) return found
      if (this.#ended) throw new Error(`the connection ended before a frame of type ${type}`)
      await this.#more()
    }
  }

  /** The code of what ends a stream, or the connection. */
  async code(type: typeof FRAME.RST_STREAM | typeof FRAME.GOAWAY): Promise<number> {
    const { payload } = await this.next(type)
    return payload.readUInt32BE(type === FRAME.GOAWAY ? 4 : 0)
  }

  async ended(): Promise<void> {
    while (!this.#ended) await this.#more()
  }

  #read(chunk: Buffer): void {
    let rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      if (rest.length < 9) break
      const length = rest.readUIntBE(0, 3)
      if (rest.length < 9 + length) break
      const [type, flags, stream] = [rest[3]!, rest[4]!, rest.readUInt32BE(5)]
      this.frames.push({ type, flags, stream, payload: rest.subarray(9, 9 + length) })
      rest = rest.subarray(9 + length)
    }
    this.#rest = rest
    this.#wake()
  }

  #more(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}
