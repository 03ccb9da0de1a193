/**
 * Reads a batch frame by frame. Anything that is not what a {@link BatchWriter} writes throws EPROTO: the sender is
 * broken or lying.
 * @module
 */
import { Unpackr } from 'msgpackr/unpack'
import { SocketError } from '../errors.ts'
import { EXT_ATTACHMENT, EXT_PACKED } from './writer.ts'

const MAX_FIELDS = 6
/** Bytes that are at least this part of their batch are not copied out of it. */
const SHARE_OF_BATCH = 8
const MAX_ARRAY = 1 << 20
const MAX_DEPTH = 100
/** Shorter ASCII strings are read in JavaScript: the call into the runtime costs more. */
const SHORT_STRING = 20

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, copyBuffers: true })

export class BatchReader {
  readonly #buffer: Buffer
  readonly #attachments: readonly Uint8Array[]
  #position = 0
  #attached = 0

  op = 0
  fd = 0
  /** The frame's length with its attachments, as its writer counted it. */
  size = 0
  readonly fields: unknown[] = [undefined, undefined, undefined, undefined, undefined, undefined]

  constructor(batch: Uint8Array, attachments: readonly Uint8Array[]) {
    this.#buffer = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength)
    this.#attachments = attachments
  }

  /** Reads the next frame into `op`, `fd`, `size` and `fields`; false at the end of the batch. */
  next(): boolean {
    if (this.#position >= this.#buffer.length) return false
    const start = this.#position
    const attached = this.#attached
    const count = this.#buffer[this.#position++]! - 0x92
    if (count < 0 || count > MAX_FIELDS) throw broken('a frame is not an array of two to eight')
    this.op = this.#buffer[this.#position++] as number
    const fd = this.#value(0)
    if (typeof fd !== 'number') throw broken('a frame names no fd')
    this.fd = fd
    const fields = this.fields
    for (let i = 0; i < MAX_FIELDS; i++) fields[i] = i < count ? this.#value(0) : undefined
    this.size = this.#position - start + this.#attached - attached
    return true
  }

  #value(depth: number): unknown {
    const buffer = this.#buffer
    if (this.#position >= buffer.length) throw broken('a frame is cut short')
    const head = buffer[this.#position++]!
    if (head < 0x80) return head
    if (head >= 0xa0 && head < 0xc0) return this.#string(head & 0x1f)
    if (head >= 0x90 && head < 0xa0) return this.#array(head & 0x0f, depth)
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc6:
        return this.#bytes(this.#uint32())
      case 0xc9:
        return this.#packed(this.#uint32())
      case 0xcb:
        this.#need(8)
        this.#position += 8
        return buffer.readDoubleBE(this.#position - 8)
      case 0xcd:
        this.#need(2)
        this.#position += 2
        return (buffer[this.#position - 2]! << 8) | buffer[this.#position - 1]!
      case 0xce:
        return this.#uint32()
      case 0xd4:
        this.#need(2)
        this.#position += 2
        return undefined
      case 0xd6:
        return this.#attachment()
      case 0xd9:
        this.#need(1)
        return this.#string(buffer[this.#position++]!)
      case 0xdb:
        return this.#string(this.#uint32())
      case 0xdd:
        return this.#array(this.#uint32(), depth)
      default:
        throw broken(`byte 0x${head.toString(16)} begins no value`)
    }
  }

  #need(bytes: number): void {
    if (this.#position + bytes > this.#buffer.length) throw broken('a frame is cut short')
  }

  #uint32(): number {
    this.#need(4)
    const buffer = this.#buffer
    const at = this.#position
    this.#position += 4
    return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0
  }

  #string(length: number): string {
    this.#need(length)
    const buffer = this.#buffer
    const start = this.#position
    const end = start + length
    this.#position = end
    if (length >= SHORT_STRING) return buffer.toString('utf8', start, end)
    let text = ''
    for (let at = start; at < end; at++) {
      const code = buffer[at]!
      if (code > 0x7f) return buffer.toString('utf8', start, end)
      text += String.fromCharCode(code)
    }
    return text
  }

  /** A view where it is a fair part of the batch, else a copy: a small message must not keep a whole batch alive. */
  #bytes(length: number): Buffer {
    this.#need(length)
    const start = this.#position
    this.#position += length
    const view = this.#buffer.subarray(start, this.#position)
    return length * SHARE_OF_BATCH > this.#buffer.length ? view : Buffer.from(view)
  }

  #packed(length: number): unknown {
    this.#need(length + 1)
    if (this.#buffer[this.#position++] !== EXT_PACKED) throw broken('an unknown extension')
    const start = this.#position
    this.#position += length
    try {
      return unpackr.unpack(this.#buffer.subarray(start, this.#position))
    } catch (cause) {
      throw broken('a packed value cannot be read', cause)
    }
  }

  #attachment(): Buffer {
    this.#need(5)
    if (this.#buffer[this.#position++] !== EXT_ATTACHMENT) throw broken('an unknown extension')
    const found = this.#attachments[this.#uint32()]
    if (found === undefined) throw broken('an attachment is missing')
    this.#attached += found.byteLength
    return Buffer.from(found.buffer, found.byteOffset, found.byteLength)
  }

  #array(length: number, depth: number): unknown[] {
    if (length > MAX_ARRAY || depth > MAX_DEPTH) throw broken('an array is too large or nested too deep')
    // A length is the sender's word only: room is made for short arrays at once, long ones grow as they are read.
    const array: unknown[] = new Array(Math.min(length, 32))
    for (let i = 0; i < length; i++) array[i] = this.#value(depth + 1)
    return array
  }
}

function broken(what: string, cause?: unknown): SocketError {
  return new SocketError('EPROTO', `broken batch: ${what}`, { cause })
}
