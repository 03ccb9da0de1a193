/**
 * A compressed stream in each direction, flushed once a loop turn.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { Deflater, Inflater } from '../compression/index.ts'
import { SO_COMPRESSION } from '../options.ts'
import { compressionSettings } from './compression-settings.ts'
import type { Framing, MakeFraming, Pipe } from './framing.ts'

export const compressedFraming: MakeFraming = pipe => new CompressedFraming(pipe)

class CompressedFraming implements Framing {
  readonly #pipe: Pipe
  readonly #inflater: Inflater
  readonly #deflater: Deflater
  /** The inflater holds enough: it says when it wants more. */
  #full = false
  #starved = false
  /** The peer's compressed stream has ended. */
  #over = false
  empty = true
  #ended: (() => void) | undefined

  constructor(pipe: Pipe) {
    this.#pipe = pipe
    const settings = compressionSettings(pipe.option(SO_COMPRESSION))
    this.#inflater = new Inflater(settings, {
      onData: chunk => {
        if (pipe.fd.emit(chunk)) return
        this.#starved = true
        this.#inflater.pause()
      },
      onError: error => pipe.fail(error),
      onEnd: rest => {
        this.#over = true
        if (rest.length > 0) pipe.fail(trailing())
        this.#ended?.()
      },
      onDrain: () => {
        this.#full = false
        if (!this.#starved) pipe.read()
      },
    })
    this.#deflater = new Deflater(settings, {
      onData: chunk => void pipe.send(chunk),
      onError: error => pipe.fail(error),
      onDrain: () => {
        this.empty = true
        if (!pipe.full) pipe.fd.drained()
      },
    })
  }

  receive(chunk: Buffer): boolean {
    if (this.#over) {
      this.#pipe.fail(trailing())
      return true
    }
    this.#full ||= !this.#inflater.write(chunk)
    return !this.#full && !this.#starved
  }

  resume(): boolean {
    this.#starved = false
    this.#inflater.resume()
    return !this.#full
  }

  end(): Promise<void> | undefined {
    if (this.#over) return undefined
    return new Promise(resolve => {
      this.#ended = resolve
      this.#inflater.end()
    })
  }

  write(data: string | Uint8Array): boolean {
    if (!this.#deflater.write(data)) this.empty = false
    return this.empty && !this.#pipe.full
  }

  finish(): Promise<void> {
    return this.#deflater.finish()
  }

  destroy(): void {
    this.#inflater.destroy()
    this.#deflater.destroy()
  }
}

function trailing(): SocketError {
  return new SocketError('EPROTO', 'bytes follow the end of the compressed stream')
}
