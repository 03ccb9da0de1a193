/**
 * Content codings (RFC 9110 section 8.4.1): what a response's body was packed with is undone, piece by piece, so that no
 * more of it exists than somebody takes.
 * @module
 */
import type { Transform } from 'node:stream'
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'
import { SocketError } from '@unisock/kernel/plugin'

/** What is asked for where a request does not say. */
export const ACCEPT_ENCODING = 'gzip, deflate, br'

/** A body has been packed so many times at most. */
const MAX_CODINGS = 3

const DECODERS: Readonly<Record<string, (first: number) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  // Some servers leave the zlib wrapper away; its first byte tells (RFC 1950 section 2.2).
  deflate: first => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
}

/**
 * The codings to undo, the outermost first; empty where there is none that is known.
 *
 * @throws {SocketError} `EPROTO` for too many
 */
export function codingsOf(contentEncoding: string | undefined): string[] {
  if (contentEncoding === undefined) return []
  const codings = contentEncoding
    .split(',')
    .map(coding => coding.trim().toLowerCase())
    .filter(coding => coding !== '' && coding !== 'identity')
  if (codings.length > MAX_CODINGS)
    throw new SocketError('EPROTO', `the response was encoded ${codings.length} times over`, {
      op: 'request',
    })
  return codings.every(coding => Object.hasOwn(DECODERS, coding)) ? codings.toReversed() : []
}

export interface Decoded {
  /** False: wait for `pause(false)`. */
  data(chunk: Buffer): boolean
  end(): void
  fail(error: Error): void
  /** The source of the packed bytes is to wait, or may go on. */
  hold(held: boolean): void
}

/** One body on its way through its decoders. */
export class Decoding {
  readonly #codings: readonly string[]
  readonly #to: Decoded
  #stages: Transform[] = []

  constructor(codings: readonly string[], to: Decoded) {
    this.#codings = codings
    this.#to = to
  }

  write(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.#stages.length === 0) this.#build(chunk[0]!)
    if (!this.#stages[0]!.write(chunk)) this.#to.hold(true)
  }

  end(): void {
    if (this.#stages.length === 0) this.#to.end()
    else this.#stages[0]!.end()
  }

  pause(): void {
    this.#stages.at(-1)?.pause()
  }

  resume(): void {
    this.#stages.at(-1)?.resume()
  }

  destroy(): void {
    for (const stage of this.#stages) stage.destroy()
  }

  #build(first: number): void {
    const fail = (cause: Error): void => {
      this.destroy()
      const reason = `the response's body is no valid ${this.#codings.join(', ')}: ${cause.message}`
      this.#to.fail(new SocketError('EPROTO', reason, { op: 'request', cause }))
    }
    // Which deflate it is shows in the first byte of the outermost coding only; inner ones have the wrapper.
    this.#stages = this.#codings.map((coding, i) => DECODERS[coding]!(i === 0 ? first : 8))
    for (const [i, stage] of this.#stages.entries()) {
      stage.on('error', fail)
      if (i > 0) this.#stages[i - 1]!.pipe(stage)
    }
    this.#stages[0]!.on('drain', () => this.#to.hold(false))
    const last = this.#stages.at(-1)!
    last.on('data', (chunk: Buffer) => {
      if (!this.#to.data(chunk)) last.pause()
    })
    last.on('end', () => this.#to.end())
  }
}
