/**
 * Streamed answers: from a Readable, a web stream or an async iterable through the port.
 * @module
 */
import { isUint8Array } from 'node:util/types'
import { type OwnerPort, SocketError, toSocketError } from '@unisock/kernel/plugin'
import { ensureState } from './exchange-state.ts'
import { flattenHeaders } from './headers.ts'
import { PROBLEM_TYPE, problemText } from './problem.ts'
import type { BodySource, CheckedReply } from './reply.ts'
import { BODY_JSON, type ResponseWire } from './wire.ts'

/**
 * Milliseconds that the head waits for the first chunk: a source that fails at once, such as a file that does not
 * exist, still becomes a 500, and one that is silent at first, such as server-sent events, is not held up.
 */
const HEAD_DELAY = 50

/** Where chunks come from, in the one form of all sources. */
export interface Chunks {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>
  /** Releases the source at once, whatever it waits for. */
  stop(): void
}

export function chunksOf(source: BodySource): Chunks {
  if ('getReader' in source && typeof source.getReader === 'function') {
    const reader = source.getReader()
    return { next: () => reader.read(), stop: () => void reader.cancel().catch(() => {}) }
  }
  const iterator = source[Symbol.asyncIterator]()
  return {
    next: () => iterator.next(),
    stop: () => {
      if (!release(source)) void iterator.return?.()?.catch(() => {})
    },
  }
}

/** Destroys a source that nobody is going to read. False: it has no way to be told. */
export function release(source: BodySource): boolean {
  if (!('destroy' in source) || typeof source.destroy !== 'function') return false
  source.destroy()
  return true
}

/** One streamed answer. Nothing it does is ever an unhandled rejection. */
export class StreamedReply {
  readonly #port: OwnerPort
  readonly #reply: CheckedReply
  readonly #source: BodySource
  #chunks: Chunks | undefined
  #headSent = false

  constructor(port: OwnerPort, reply: CheckedReply, source: BodySource) {
    this.#port = port
    this.#reply = reply
    this.#source = source
    ensureState(port).replying = true
  }

  /** Sends all of it. A source that fails is a 500, or aborts the connection once the head has left. */
  async run(): Promise<void> {
    const undo = this.#port.onEnd(() => this.#chunks?.stop())
    const head = setTimeout(() => this.#sendHead(), HEAD_DELAY)
    try {
      this.#chunks = chunksOf(this.#source)
      if (await this.#pump(this.#chunks)) {
        undo()
        this.#finish()
      }
    } catch (error) {
      undo()
      this.#fail(error)
    } finally {
      clearTimeout(head)
    }
  }

  /** False when the fd ended before the source did. */
  async #pump(chunks: Chunks): Promise<boolean> {
    const port = this.#port
    for (;;) {
      const { done, value } = await chunks.next()
      if (port.ended) return false
      this.#sendHead()
      if (done) return true
      if (typeof value !== 'string' && !isUint8Array(value))
        throw new SocketError('EBADDATA', "a streamed body's chunks are strings or Uint8Arrays", {
          fd: port.fd,
        })
      if (value.length > 0 && !port.send(value)) await port.drained()
    }
  }

  #sendHead(): void {
    if (this.#headSent || this.#port.ended) return
    this.#headSent = true
    const { status, headers, kind, ping } = this.#reply
    const wire: ResponseWire = [status, headers, true, kind]
    if (ping > 0) wire.push(ping)
    this.#port.send(wire)
  }

  #finish(): void {
    const { trailers } = this.#reply
    const flat = flattenHeaders(typeof trailers === 'function' ? trailers() : trailers)
    this.#port.sendLast(flat === null ? null : [flat])
  }

  #fail(error: unknown): void {
    const port = this.#port
    if (port.ended) return
    this.#chunks?.stop()
    const failure = toSocketError(error, 'ECANCELED', { fd: port.fd })
    port.report(failure)
    if (this.#headSent) port.abort(failure)
    else port.sendLast(failureWire(500))
  }
}

/** What the client is told of an error: never the error. */
export function failureWire(status: 400 | 500): ResponseWire {
  return [status, ['Content-Type', PROBLEM_TYPE], problemText(status), BODY_JSON]
}
