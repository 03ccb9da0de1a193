/**
 * The open batch: frames encoded as plain msgpack at the moment they are written, so that a bad value throws to its
 * writer and later changes to it are not seen.
 *
 * Scalars and arrays are encoded here; anything else is packed by msgpackr and carried in an ext of known length,
 * which lets the reader skip and split frames without walking maps.
 * @module
 */
import { Packr } from 'msgpackr/pack'
import { SocketError } from '../errors.ts'
import { assertPlain } from './plain.ts'

/** ext type of a value packed by msgpackr. */
export const EXT_PACKED = 0x70
/** ext type of an index into the attachments beside the batch. */
export const EXT_ATTACHMENT = 0x61
/** From this size on bytes travel beside the batch: theirs would be a batch of its own. */
export const ATTACHMENT_BYTES = 256 * 1024
/** From this size on they do so when they are handed over: below, copying them is cheaper. */
export const TRANSFER_BYTES = 16 * 1024

const INITIAL_BYTES = 64 * 1024
const LARGEST_KEPT = 16 * INITIAL_BYTES
/** From this size on a batch takes its memory along; below, copying it is cheaper than having new memory. */
const HAND_OVER_BYTES = 48 * 1024
const SHORT_STRING = 32
/** Longest string whose UTF-8 surely fits the one length byte of str8. */
const STR8_CHARS = 85
const MAX_ARRAY_DEPTH = 100

const packr = new Packr({ useRecords: false, moreTypes: false, variableMapSize: true })

export class BatchWriter {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #position = 0
  #attached = 0
  #attachments: Uint8Array[] = []
  #transfer = false

  /** Bytes in the open batch, without attachments. */
  get length(): number {
    return this.#position
  }

  /**
   * Encodes one frame of `count` fields after the fd; returns its size with attachments.
   * Nothing of the frame stays behind when a value is refused.
   */
  frame(
    op: number,
    fd: number,
    count: number,
    a?: unknown,
    b?: unknown,
    c?: unknown,
    d?: unknown,
    e?: unknown,
    f?: unknown,
  ): number {
    const start = this.#position
    const attached = this.#attached
    const attachments = this.#attachments.length
    this.#reserve(16)
    this.#buffer[this.#position++] = 0x92 + count
    this.#buffer[this.#position++] = op
    this.#number(fd)
    try {
      if (count > 0) this.#value(a, 0)
      if (count > 1) this.#value(b, 0)
      if (count > 2) this.#value(c, 0)
      if (count > 3) this.#value(d, 0)
      if (count > 4) this.#value(e, 0)
      if (count > 5) this.#value(f, 0)
    } catch (error) {
      this.#position = start
      this.#attached = attached
      this.#attachments.length = attachments
      throw error
    }
    return this.#position - start + this.#attached - attached
  }

  /** As `frame`, but large Uint8Arrays that own their memory are handed over instead of copied. */
  transferring(write: () => number): number {
    this.#transfer = true
    try {
      return write()
    } finally {
      this.#transfer = false
    }
  }

  /** The batch, to be handed over, and what travels beside it. */
  take(): { batch: Uint8Array<ArrayBuffer>; attachments: Uint8Array[] } {
    const batch = this.#position < HAND_OVER_BYTES ? this.#copy() : this.#handOver()
    const attachments = this.#attachments
    this.#position = 0
    this.#attached = 0
    if (attachments.length > 0) this.#attachments = []
    return { batch, attachments }
  }

  /** At its exact size: posting a view drags its whole arena along. */
  #copy(): Uint8Array<ArrayBuffer> {
    const batch = new Uint8Array(this.#position)
    batch.set(this.#buffer.subarray(0, this.#position))
    return batch
  }

  /** Goes on with as much memory as this batch needed: the next one is likely to be as large. */
  #handOver(): Uint8Array<ArrayBuffer> {
    const batch = this.#buffer.subarray(0, this.#position)
    const next = Math.min(Math.max(this.#buffer.length, INITIAL_BYTES), LARGEST_KEPT)
    this.#buffer = Buffer.allocUnsafeSlow(this.#position * 4 < next ? next / 2 : next)
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#position + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#position)
    this.#buffer = grown
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') return this.#string(value)
    if (typeof value === 'number') {
      this.#reserve(9)
      return this.#number(value)
    }
    if (value === null || value === undefined || typeof value === 'boolean') {
      this.#reserve(3)
      return this.#constant(value)
    }
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (Array.isArray(value)) return this.#array(value, depth)
    this.#packed(value)
  }

  #constant(value: null | undefined | boolean): void {
    const buffer = this.#buffer
    if (value === undefined) {
      buffer[this.#position++] = 0xd4
      buffer[this.#position++] = 0x00
      buffer[this.#position++] = 0x00
    } else {
      buffer[this.#position++] = value === null ? 0xc0 : value ? 0xc3 : 0xc2
    }
  }

  #number(value: number): void {
    const buffer = this.#buffer
    let at = this.#position
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < 0x80) buffer[at++] = value
      else if (value < 0x10000) {
        buffer[at++] = 0xcd
        buffer[at++] = value >>> 8
        buffer[at++] = value
      } else {
        buffer[at++] = 0xce
        buffer[at++] = value >>> 24
        buffer[at++] = value >>> 16
        buffer[at++] = value >>> 8
        buffer[at++] = value
      }
      this.#position = at
      return
    }
    buffer[at++] = 0xcb
    this.#position = buffer.writeDoubleBE(value, at)
  }

  #string(value: string): void {
    const length = value.length
    this.#reserve(5 + length * 3)
    const buffer = this.#buffer
    const start = this.#position
    if (length < SHORT_STRING) {
      let i = 0
      for (let at = start + 1; i < length; i++, at++) {
        const code = value.charCodeAt(i)
        if (code > 0x7f) break
        buffer[at] = code
      }
      if (i === length) {
        buffer[start] = 0xa0 | length
        this.#position = start + 1 + length
        return
      }
    }
    if (length <= STR8_CHARS) {
      const written = buffer.write(value, start + 2, 'utf8')
      buffer[start] = 0xd9
      buffer[start + 1] = written
      this.#position = start + 2 + written
      return
    }
    const written = buffer.write(value, start + 5, 'utf8')
    buffer[start] = 0xdb
    this.#length32(start + 1, written)
    this.#position = start + 5 + written
  }

  #length32(at: number, length: number): void {
    const buffer = this.#buffer
    buffer[at] = length >>> 24
    buffer[at + 1] = length >>> 16
    buffer[at + 2] = length >>> 8
    buffer[at + 3] = length
  }

  #bytes(value: Uint8Array): void {
    if (value.length >= (this.#transfer ? TRANSFER_BYTES : ATTACHMENT_BYTES)) return this.#attachment(value)
    this.#reserve(5 + value.length)
    this.#buffer[this.#position] = 0xc6
    this.#length32(this.#position + 1, value.length)
    this.#buffer.set(value, this.#position + 5)
    this.#position += 5 + value.length
  }

  #attachment(value: Uint8Array): void {
    const whole =
      this.#transfer && value.byteLength === value.buffer.byteLength && value.buffer instanceof ArrayBuffer
    const owned = whole ? value : new Uint8Array(value)
    this.#reserve(6)
    this.#buffer[this.#position++] = 0xd6
    this.#buffer[this.#position++] = EXT_ATTACHMENT
    this.#length32(this.#position, this.#attachments.length)
    this.#position += 4
    this.#attachments.push(owned)
    this.#attached += owned.byteLength
  }

  #array(value: readonly unknown[], depth: number): void {
    if (depth > MAX_ARRAY_DEPTH)
      throw new SocketError('EBADDATA', 'an array is nested too deep, or in a circle')
    this.#reserve(5)
    if (value.length < 16) this.#buffer[this.#position++] = 0x90 | value.length
    else {
      this.#buffer[this.#position] = 0xdd
      this.#length32(this.#position + 1, value.length)
      this.#position += 5
    }
    for (let i = 0; i < value.length; i++) this.#value(value[i], depth + 1)
  }

  #packed(value: unknown): void {
    assertPlain(value)
    const packed = packr.pack(value)
    this.#reserve(6 + packed.length)
    this.#buffer[this.#position] = 0xc9
    this.#length32(this.#position + 1, packed.length)
    this.#buffer[this.#position + 5] = EXT_PACKED
    this.#buffer.set(packed, this.#position + 6)
    this.#position += 6 + packed.length
  }
}
