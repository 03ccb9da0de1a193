/**
 * Text: a character that is split between chunks is given out whole.
 * @module
 */
import { StringDecoder } from 'node:string_decoder'
import { SO_ENCODING } from '../options.ts'
import type { Framing, MakeFraming, Pipe } from './framing.ts'
import { unfinishedBytes } from './utf8.ts'

const NONE: Buffer = Buffer.alloc(0)

export const textFraming: MakeFraming = pipe => {
  const encoding = pipe.option(SO_ENCODING)
  return encoding === 'utf8' ? new Utf8Framing(pipe) : new EncodedFraming(pipe, encoding)
}

/** Sends bytes that end between characters: the owner's half decodes them, once. */
class Utf8Framing implements Framing {
  readonly #pipe: Pipe
  #rest = NONE

  constructor(pipe: Pipe) {
    this.#pipe = pipe
  }

  receive(chunk: Buffer): boolean {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    const unfinished = unfinishedBytes(bytes)
    if (unfinished === 0) {
      this.#rest = NONE
      return this.#pipe.fd.emit(bytes)
    }
    const cut = bytes.length - unfinished
    this.#rest = Buffer.from(bytes.subarray(cut))
    return cut === 0 || this.#pipe.fd.emit(bytes.subarray(0, cut))
  }

  end(): void {
    if (this.#rest.length > 0) this.#pipe.fd.emit(this.#rest)
    this.#rest = NONE
  }

  write(data: string | Uint8Array): boolean {
    return this.#pipe.send(data, 'utf8')
  }
}

class EncodedFraming implements Framing {
  readonly #pipe: Pipe
  readonly #encoding: BufferEncoding
  readonly #decoder: StringDecoder

  constructor(pipe: Pipe, encoding: BufferEncoding) {
    this.#pipe = pipe
    this.#encoding = encoding
    this.#decoder = new StringDecoder(encoding)
  }

  receive(chunk: Buffer): boolean {
    return this.#emit(this.#decoder.write(chunk))
  }

  end(): void {
    this.#emit(this.#decoder.end())
  }

  write(data: string | Uint8Array): boolean {
    return this.#pipe.send(data, this.#encoding)
  }

  #emit(text: string): boolean {
    return text === '' || this.#pipe.fd.emit(text)
  }
}
