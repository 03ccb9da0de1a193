/**
 * FastCGI records as they arrive, in chunks of any size.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { HEADER_SIZE, PARAMS, STDIN, VERSION } from './records.ts'

/** The longest content of a record that is no stream's: management records and BEGIN_REQUEST are short. */
const MAX_WHOLE = 4096

export interface RecordReceiver {
  /** A record that is no stream's, whole; its content is valid during the call. */
  record(type: number, id: number, content: Buffer): void
  /** Content of a stream, as it arrives: a record may come in several parts. Valid as long as it is held. */
  part(type: number, id: number, content: Buffer): void
  /** A stream's empty record: it is complete. */
  end(type: number, id: number): void
}

/** Whether records of a type are a stream of the request's: content is passed on as it comes. */
function isStream(type: number): boolean {
  return type === PARAMS || type === STDIN
}

export class RecordReader {
  readonly #receiver: RecordReceiver
  readonly #header = Buffer.alloc(HEADER_SIZE)
  #headerBytes = 0
  #type = 0
  #id = 0
  #length = 0
  #content = 0
  #padding = 0
  #whole: Buffer | undefined

  constructor(receiver: RecordReceiver) {
    this.#receiver = receiver
  }

  /** @throws {SocketError} `EPROTO` for what is no FastCGI 1.0: there is no telling where the next record begins. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#headerBytes < HEADER_SIZE) at = this.#readHeader(chunk, at)
      else if (this.#content > 0) at = this.#readContent(chunk, at)
      else at = this.#skipPadding(chunk, at)
    }
  }

  #readHeader(chunk: Buffer, from: number): number {
    const taken = Math.min(HEADER_SIZE - this.#headerBytes, chunk.length - from)
    chunk.copy(this.#header, this.#headerBytes, from, from + taken)
    this.#headerBytes += taken
    if (this.#headerBytes === HEADER_SIZE) this.#begin()
    return from + taken
  }

  #begin(): void {
    const header = this.#header
    if (header[0] !== VERSION)
      throw new SocketError('EPROTO', `a record of version ${header[0]}: FastCGI has 1`)
    this.#type = header[1]!
    this.#id = header.readUInt16BE(2)
    this.#length = this.#content = header.readUInt16BE(4)
    this.#padding = header[6]!
    if (this.#content === 0) this.#complete()
    else if (!isStream(this.#type)) {
      if (this.#length > MAX_WHOLE)
        throw new SocketError('EPROTO', `a record of type ${this.#type} with ${this.#length} bytes`)
      this.#whole = Buffer.allocUnsafe(this.#length)
    }
    if (this.#content === 0 && this.#padding === 0) this.#headerBytes = 0
  }

  #readContent(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#content, chunk.length - from)
    const done = this.#length - this.#content
    this.#content -= taken
    if (this.#whole) chunk.copy(this.#whole, done, from, from + taken)
    else this.#receiver.part(this.#type, this.#id, chunk.subarray(from, from + taken))
    if (this.#content === 0) {
      if (this.#whole) this.#complete()
      if (this.#padding === 0) this.#headerBytes = 0
    }
    return from + taken
  }

  #skipPadding(chunk: Buffer, from: number): number {
    const taken = Math.min(this.#padding, chunk.length - from)
    this.#padding -= taken
    if (this.#padding === 0) this.#headerBytes = 0
    return from + taken
  }

  #complete(): void {
    const content = this.#whole ?? EMPTY
    this.#whole = undefined
    if (isStream(this.#type)) this.#receiver.end(this.#type, this.#id)
    else this.#receiver.record(this.#type, this.#id, content)
  }
}

const EMPTY = Buffer.alloc(0)
