/**
 * Telnet: its session's events are the fd's messages.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { SO_TELNET } from '../options.ts'
import { TelnetSession, type TelnetWrite, zlibCompression } from '../telnet/index.ts'
import type { Framing, Pipe } from './framing.ts'

/** Bytes of answers to the peer's own questions that may wait for a peer that does not read. */
const MAX_ANSWERS = 1024 * 1024

export class TelnetFraming implements Framing {
  readonly #session: TelnetSession
  #receiving = false
  /** Bytes of answers since the connection was last not full. */
  #answers = 0
  /** The session holds enough compressed input. */
  #full = false
  #starved = false
  readonly #pipe: Pipe

  constructor(pipe: Pipe) {
    this.#pipe = pipe
    const { mssp, ...settings } = pipe.option(SO_TELNET)
    this.#session = new TelnetSession(
      pipe.role,
      {
        ...settings,
        ...(mssp && { mssp: () => pipe.option(SO_TELNET).mssp ?? mssp }),
        compression: zlibCompression(),
      },
      {
        output: bytes => {
          if (this.#receiving) this.#answered(bytes.length)
          pipe.send(bytes)
        },
        event: event => {
          if (pipe.fd.emit(event.type === 'text' ? event.text : event)) return
          this.#starved = true
          this.#session.pause()
        },
        error: error => pipe.fail(error),
        receiveDrain: () => {
          this.#full = false
          if (!this.#starved) pipe.read()
        },
        writeDrain: () => {
          if (!pipe.full) pipe.fd.drained()
        },
      },
    )
    this.#session.start()
  }

  get empty(): boolean {
    return !this.#session.needDrain
  }

  receive(chunk: Buffer): boolean {
    this.#receiving = true
    this.#full ||= !this.#session.receive(chunk)
    this.#receiving = false
    return !this.#full && !this.#starved
  }

  resume(): boolean {
    this.#starved = false
    this.#session.resume()
    return !this.#full
  }

  end(): Promise<void> {
    return this.#session.end()
  }

  write(data: TelnetWrite | [Uint8Array]): boolean {
    if (Array.isArray(data))
      throw new SocketError('ETYPENOTSUPP', 'telnet sends no mudmode values', { op: 'write' })
    try {
      this.#session.write(data)
    } catch (cause) {
      const code = cause instanceof RangeError ? 'EINVAL' : 'ETYPENOTSUPP'
      throw new SocketError(code, (cause as Error).message, { op: 'write', cause })
    }
    return this.empty && !this.#pipe.full
  }

  finish(): Promise<void> {
    return this.#session.finish()
  }

  destroy(): void {
    this.#session.destroy()
  }

  /** What the program writes is bounded by its fd's queue; nothing bounds what a peer asks for. */
  #answered(bytes: number): void {
    this.#answers = this.#pipe.full ? this.#answers + bytes : 0
    if (this.#answers <= MAX_ANSWERS) return
    this.#session.destroy()
    this.#pipe.fail(new SocketError('ENOBUFS', 'the peer asks, and does not read the answers'))
  }
}
