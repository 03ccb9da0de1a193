/** One end of a plain connection: all that comes over it, up to the end. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Frame as BareFrame, CLOSE, PONG } from '../../support/raw.ts'

/** A frame with the key that masked it. */
export interface Frame extends BareFrame {
  key: Buffer | undefined
}

export class Wire implements Disposable {
  readonly socket: Socket
  #chunks: Buffer[] = []
  #ended = false
  #stir = (): void => {}

  constructor(socket: Socket) {
    this.socket = socket
    const end = (): void => {
      this.#ended = true
      this.#stir()
    }
    socket
      .on('data', (chunk: Buffer) => {
        this.#chunks.push(chunk)
        this.#stir()
      })
      .on('end', end)
      .on('close', end)
      .on('error', () => {})
  }

  static async connect(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new Wire(socket)
  }

  send(data: string | Buffer): this {
    this.socket.write(data)
    return this
  }

  /** One byte at a time, each in a turn of its own. */
  async dribble(data: Buffer): Promise<void> {
    for (let i = 0; i < data.length; i++) {
      this.socket.write(data.subarray(i, i + 1))
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** The head of an HTTP message, with its blank line. */
  async head(): Promise<string> {
    for (;;) {
      const data = Buffer.concat(this.#chunks)
      const end = data.indexOf('\r\n\r\n')
      if (end >= 0) {
        this.#chunks = [data.subarray(end + 4)]
        return data.toString('latin1', 0, end + 4)
      }
      await this.#more('a head')
    }
  }

  /** The frames that have come, when there are as many or the other side has ended. */
  async frames(count = Number.POSITIVE_INFINITY): Promise<Frame[]> {
    for (;;) {
      const { frames, rest } = readFrames(Buffer.concat(this.#chunks))
      if (frames.length >= count) {
        this.#chunks = [rest]
        return frames
      }
      if (this.#ended) {
        if (rest.length > 0) throw new Error(`ended within a frame: ${rest.toString('hex')}`)
        this.#chunks = []
        return frames
      }
      await this.#more('frames')
    }
  }

  /** Everything up to the other side's end, as text. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#more('the end')
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  async #more(what: string): Promise<void> {
    if (this.#ended)
      throw new Error(`ended before ${what}: ${Buffer.concat(this.#chunks).toString('latin1')}`)
    await new Promise<void>(resolve => {
      this.#stir = resolve
    })
  }
}

/** The whole frames at the beginning of some bytes (RFC 6455 section 5.2). */
export function readFrames(data: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = []
  let at = 0
  for (;;) {
    const one = readFrame(data, at)
    if (!one) return { frames, rest: data.subarray(at) }
    frames.push(one.frame)
    at = one.end
  }
}

function readFrame(data: Buffer, start: number): { frame: Frame; end: number } | undefined {
  if (data.length < start + 2) return undefined
  const [first, second] = [data[start]!, data[start + 1]!]
  const short = second & 0x7f
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0
  const masked = (second & 0x80) !== 0
  const payloadAt = start + 2 + lengthBytes + (masked ? 4 : 0)
  if (data.length < payloadAt) return undefined
  const length =
    lengthBytes === 8
      ? Number(data.readBigUInt64BE(start + 2))
      : lengthBytes === 2
        ? data.readUInt16BE(start + 2)
        : short
  if (lengthBytes > 0 && length < (lengthBytes === 8 ? 65_536 : 126))
    throw new Error('a length has more bytes than it needs')
  const end = payloadAt + length
  if (data.length < end) return undefined
  const mask = masked ? data.subarray(payloadAt - 4, payloadAt) : undefined
  const payload = Buffer.from(data.subarray(payloadAt, end))
  if (mask) for (let i = 0; i < payload.length; i++) payload[i]! ^= mask[i % 4]!
  return {
    frame: { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload, key: mask },
    end,
  }
}

/** The payloads of the pongs among frames. */
export const pongsIn = (frames: readonly Frame[]): Buffer[] =>
  frames.filter(({ opcode }) => opcode === PONG).map(({ payload }) => payload)

/** The close frame at the end of frames. */
export function closeIn(frames: readonly Frame[]): { close: number | undefined; reason: string } {
  const last = frames.at(-1)
  if (last?.opcode !== CLOSE) return { close: undefined, reason: '' }
  const { payload } = last
  return { close: payload.length === 0 ? 1005 : payload.readUInt16BE(), reason: payload.toString('utf8', 2) }
}
