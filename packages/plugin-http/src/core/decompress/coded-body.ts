/**
 * Content codings (RFC 9110 section 8.4.1): what a body was packed with is undone piece by piece, so that no more of it
 * exists than somebody takes.
 * @module
 */
import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib'

/** A body has been packed so many times at most. */
export const MAX_CODINGS = 3

/** RFC 9659: a window of 8 MiB is what every decoder of `zstd` takes; a larger one is the sender's wish, in our memory. */
const ZSTD = { params: { [constants.ZSTD_d_windowLogMax]: 23 } }

const DECODERS: Readonly<Record<string, (first: number) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(ZSTD),
  // Some senders leave the zlib wrapper away; its first byte tells (RFC 1950 section 2.2).
  deflate: first => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
}

/** The codings of a field, in the order in which they were applied; `identity` is none. */
export function listCodings(contentEncoding: string): string[] {
  return contentEncoding
    .split(',')
    .map(coding => coding.trim().toLowerCase())
    .filter(coding => coding !== '' && coding !== 'identity')
}

export function isKnownCoding(coding: string): boolean {
  return Object.hasOwn(DECODERS, coding)
}

/** Who takes what was unpacked. */
export interface Decoded {
  /** False: wait for `resume`. */
  data(chunk: Buffer): boolean
  end(): void
  /** So many bytes came out of a decoder whose output is packed as well. */
  between?(bytes: number): void
  fail(error: Error): void
  /** The source of the packed bytes is to wait, or may go on. */
  hold(held: boolean): void
}

/** One body on its way through its decoders. */
export class CodedBody {
  readonly #codings: readonly string[]
  readonly #to: Decoded
  readonly #failure: (reason: string, cause: Error) => Error
  #stages: Transform[] = []

  /**
   * @param codings Known ones, the outermost first.
   * @param failure The error for bytes that are not what they are said to be.
   */
  constructor(
    codings: readonly string[],
    to: Decoded,
    failure: (reason: string, cause: Error) => Error = reason => new Error(reason),
  ) {
    this.#codings = codings
    this.#to = to
    this.#failure = failure
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
      this.#to.fail(this.#failure(`no valid ${this.#codings.join(', ')}: ${cause.message}`, cause))
    }
    // Which deflate it is shows in the first byte of the outermost coding only; inner ones have the wrapper.
    this.#stages = this.#codings.map((coding, i) => DECODERS[coding]!(i === 0 ? first : 8))
    for (const [i, stage] of this.#stages.entries()) {
      stage.on('error', fail)
      if (i === 0) continue
      const outer = this.#stages[i - 1]!
      outer.pipe(stage)
      outer.on('data', (chunk: Buffer) => this.#to.between?.(chunk.length))
    }
    this.#stages[0]!.on('drain', () => this.#to.hold(false))
    const last = this.#stages.at(-1)!
    last.on('data', (chunk: Buffer) => {
      if (!this.#to.data(chunk)) last.pause()
    })
    last.on('end', () => this.#to.end())
  }
}
