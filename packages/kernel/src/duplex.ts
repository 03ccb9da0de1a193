/**
 * The bytes of an fd as a stream of Node's.
 * @module
 */
import { Duplex } from 'node:stream'
import { SocketError } from './errors.ts'
import type { Kernel } from './kernel.ts'
import { SO_HALF_OPEN } from './plugin/options/socket.ts'

type Done = (error?: Error | null) => void

/** Back-pressure goes both ways: what nobody reads holds its sender's credit, what the fd cannot take holds the writer. */
export class FdDuplex extends Duplex {
  readonly #kernel: Kernel
  readonly #fd: number
  /** Gives the sender's credit back. */
  #taken: (() => void) | undefined
  /** A write that waits for the fd. */
  #written: Done | undefined
  #over = false

  /** `before`: what had come for the fd already. */
  constructor(kernel: Kernel, fd: number, before: readonly unknown[] = []) {
    super({ allowHalfOpen: kernel.getOption(fd as any, SO_HALF_OPEN as any) === true })
    this.#kernel = kernel
    this.#fd = fd
    kernel.attach(fd as any, {
      message: (_fd, data) => this.#receive(data),
      drain: () => this.#writtenOff(),
      end: () => void this.push(null),
      error: (_fd, error) => void this.destroy(error),
      close: (_fd, error) => this.#closed(error),
    })
    for (const data of before) void this.#receive(data)
  }

  override _read(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#over) return done(gone(this.#fd))
    if (this.#kernel.write(this.#fd as any, chunk as never)) return done()
    this.#written = done
  }

  override _final(done: Done): void {
    if (!this.#over) this.#kernel.end(this.#fd as any)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#taken?.()
    const how = error === null ? {} : { abort: true }
    this.#kernel.close(this.#fd as any, how).then(
      () => done(error),
      (failed: Error) => done(error ?? failed),
    )
  }

  #receive(data: unknown): void | Promise<void> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      this.destroy(
        new SocketError('ETYPENOTSUPP', 'a stream is for modes whose messages are bytes or text', {
          fd: this.#fd,
        }),
      )
      return
    }
    if (data.length === 0 || this.push(data)) return
    return new Promise(resolve => {
      this.#taken = resolve
    })
  }

  #writtenOff(): void {
    const written = this.#written
    this.#written = undefined
    written?.()
  }

  #closed(error: Error | undefined): void {
    this.#over = true
    if (error) {
      this.destroy(error)
      return
    }
    this.push(null)
    const written = this.#written
    this.#written = undefined
    written?.(gone(this.#fd))
  }
}

function gone(fd: number): SocketError {
  return new SocketError('EPIPE', 'the fd has ended', { fd, op: 'write' })
}
