/**
 * One eventfd that the loop waits for (eventfd(2)).
 * @module
 */
import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { descriptorOf, openDescriptor } from '../system/descriptor.ts'
import { EFD_SEMAPHORE, type System } from '../system/system.ts'

export interface CounterEvents {
  /** The counter was read. */
  readonly count: (value: bigint) => void
  /** Room for what did not fit. */
  readonly drain: () => void
  readonly close: (error?: Error) => void
}

export class Counter {
  readonly #system: System
  readonly #stream: Socket
  readonly #ended: Promise<void>

  constructor(system: System, semaphore: boolean, { count, drain, close }: CounterEvents) {
    this.#system = system
    const stream = openDescriptor(system, system.eventfd(semaphore ? EFD_SEMAPHORE : 0), true)
    this.#stream = stream
    let failure: Error | undefined
    stream.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 8) count(chunk.readBigUInt64LE(at))
    })
    stream.on('drain', drain)
    stream.on('error', error => (failure = error))
    this.#ended = new Promise(resolve =>
      stream.on('close', () => {
        resolve()
        close(failure)
      }),
    )
  }

  /** Adds to the counter. False: it is full, and what is to be added waits for somebody to read it. */
  add(count: bigint): boolean {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(count)
    return this.#stream.write(bytes)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  duplicate(): number {
    return this.#system.duplicate(descriptorOf(this.#stream))
  }

  /** What nobody has read yet, without waiting. */
  take(): bigint {
    const bytes = Buffer.alloc(8)
    try {
      readSync(descriptorOf(this.#stream), bytes)
      return bytes.readBigUInt64LE()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0n
      throw error
    }
  }

  /** An eventfd cannot be shut down, only closed. */
  close(): Promise<void> {
    this.#stream.destroy()
    return this.#ended
  }
}
