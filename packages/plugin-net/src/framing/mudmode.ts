/**
 * FluffOS's values behind a length, one message a frame.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { Decoder, encode } from '../mudmode/index.ts'
import { toTagged } from '../mudmode/wire.ts'
import { SO_MUDMODE } from '../options.ts'
import type { Framing, Pipe } from './framing.ts'

export class MudmodeFraming implements Framing {
  readonly #pipe: Pipe
  readonly #decoder: Decoder

  constructor(pipe: Pipe) {
    this.#pipe = pipe
    this.#decoder = new Decoder(pipe.option(SO_MUDMODE))
  }

  receive(chunk: Buffer): boolean {
    let open = true
    try {
      this.#decoder.push(chunk, value => {
        open = this.#pipe.fd.emit(toTagged(value))
      })
    } catch (error) {
      this.#pipe.fail(error)
    }
    return open
  }

  /** A frame, or a string that is put into one. */
  write(data: unknown): boolean {
    if (typeof data === 'string') return this.#pipe.send(encode(data))
    if (Array.isArray(data)) return this.#pipe.send(data[0])
    throw new SocketError('ETYPENOTSUPP', 'mudmode sends { value } and strings', { op: 'write' })
  }
}
