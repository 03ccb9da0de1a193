/**
 * Mudmode frames from a stream of bytes.
 * @module
 */
import { MudmodeError } from './error.ts'
import { type ParseRules, parse } from './parse.ts'
import type { LpcValue } from './values.ts'

export interface DecoderSettings {
  /** The greatest length a frame may announce, its NUL included; FluffOS's `maximum byte transfer`, default 262144. */
  readonly maxFrame?: number | undefined
  /**
   * Accept what known Intermud peers send and FluffOS does not: `({,})` and `([,])` as empty containers, Latin-1 where
   * UTF-8 is invalid. Default true; false reads byte for byte as FluffOS does.
   */
  readonly tolerant?: boolean | undefined
  /** Elements of one array or class; FluffOS's `maximum array size`, default 15000. */
  readonly maxArray?: number | undefined
  /** Pairs of one mapping; FluffOS's `maximum mapping size`, default 150000. */
  readonly maxMapping?: number | undefined
}

const HEADER = 4
const EMPTY = Buffer.alloc(0)

/** Takes a stream apart, wherever it was cut, and gives out one value a frame. */
export class Decoder {
  readonly #maxFrame: number
  readonly #rules: ParseRules
  /** The beginning of a frame whose end has not come, in a buffer that grows with it. */
  #pending = EMPTY
  #bytes = 0
  #error: MudmodeError | undefined

  constructor(settings: DecoderSettings = {}) {
    this.#maxFrame = settings.maxFrame ?? 262_144
    this.#rules = {
      tolerant: settings.tolerant ?? true,
      maxArray: settings.maxArray ?? 15_000,
      maxMapping: settings.maxMapping ?? 150_000,
    }
  }

  /**
   * Calls `onValue` with the value of each frame that is complete: undefined where its text is malformed, nested
   * deeper than 101, or beyond the limits. The stream goes on behind it.
   *
   * @throws {MudmodeError} `EPROTO` when a frame announces no byte or more than `maxFrame`, after the values of the
   * frames before it, and again at each later call: no frame can be found in what follows.
   */
  push(chunk: Uint8Array, onValue: (value: LpcValue | undefined) => void): void {
    if (this.#error) throw this.#error
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    while (rest.length > 0) {
      if (this.#bytes === 0) rest = this.#whole(rest, onValue)
      else rest = this.#complete(rest, onValue)
    }
  }

  /** Reads a frame where it lies, or keeps what there is of it. */
  #whole(chunk: Buffer, onValue: (value: LpcValue | undefined) => void): Buffer {
    if (chunk.length < HEADER) return this.#keep(chunk)
    const end = this.#end(chunk)
    if (chunk.length < end) return this.#keep(chunk)
    onValue(parse(chunk.subarray(HEADER, end), this.#rules))
    return chunk.subarray(end)
  }

  /** Adds to the frame that was begun. */
  #complete(chunk: Buffer, onValue: (value: LpcValue | undefined) => void): Buffer {
    const needed = this.#bytes < HEADER ? HEADER : this.#end(this.#pending)
    const missing = needed - this.#bytes
    this.#keep(chunk.subarray(0, missing))
    const rest = chunk.subarray(missing)
    if (this.#bytes < needed) return rest
    const end = this.#end(this.#pending)
    if (this.#bytes < end) return rest
    const payload = this.#pending.subarray(HEADER, end)
    this.#pending = EMPTY
    this.#bytes = 0
    onValue(parse(payload, this.#rules))
    return rest
  }

  #keep(part: Buffer): Buffer {
    const needed = this.#bytes + part.length
    if (needed > this.#pending.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#pending.length, 64))
      this.#pending.copy(grown, 0, 0, this.#bytes)
      this.#pending = grown
    }
    part.copy(this.#pending, this.#bytes)
    this.#bytes = needed
    return EMPTY
  }

  /** Where the frame ends that begins here. */
  #end(frame: Buffer): number {
    const length = frame.readInt32BE(0)
    if (length > 0 && length <= this.#maxFrame) return HEADER + length
    this.#pending = EMPTY
    this.#error = new MudmodeError(
      'EPROTO',
      `a mudmode frame of ${length} bytes; 1 to ${this.#maxFrame} are allowed`,
    )
    throw this.#error
  }
}
