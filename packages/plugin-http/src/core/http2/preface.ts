/**
 * Which version of HTTP a client without TLS speaks: HTTP/2 begins with words that no HTTP/1.1 request begins with
 * (RFC 9113 section 3.4).
 * @module
 */
import type { Socket } from 'node:net'
import { Timed } from '../server/deadlines.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Whether bytes begin with the preface; undefined: they may become one. */
export function isPreface(bytes: Buffer): boolean | undefined {
  const length = Math.min(bytes.length, PREFACE.length)
  if (PREFACE.compare(bytes, 0, length, 0, length) !== 0) return false
  return length === PREFACE.length ? true : undefined
}

/** Waits for what tells. Nothing that it has read is lost. */
export class Sniffer extends Timed {
  readonly socket: Socket
  readonly #onKnown: (version: 'HTTP/1.1' | 'HTTP/2' | 'late' | 'gone') => void
  #read: Buffer | undefined

  constructor(socket: Socket, onKnown: (version: 'HTTP/1.1' | 'HTTP/2' | 'late' | 'gone') => void) {
    super()
    this.socket = socket
    this.#onKnown = onKnown
    socket
      .on('data', this.#onData)
      .on('end', this.#onGone)
      .on('error', this.#onGone)
      .on('close', this.#onGone)
      .resume()
  }

  /** The client says too little: HTTP/1.1 has an answer to that. */
  override expire(): void {
    this.#release()
    this.#onKnown('late')
  }

  readonly #onGone = (): void => {
    this.socket.destroy()
    this.list?.clear(this)
    this.#onKnown('gone')
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#read = this.#read ? Buffer.concat([this.#read, chunk]) : chunk
    const found = isPreface(this.#read)
    if (found === undefined) return
    this.#release()
    this.#onKnown(found ? 'HTTP/2' : 'HTTP/1.1')
  }

  #release(): void {
    this.list?.clear(this)
    this.socket
      .pause()
      .off('data', this.#onData)
      .off('end', this.#onGone)
      .off('error', this.#onGone)
      .off('close', this.#onGone)
    if (this.#read) this.socket.unshift(this.#read)
  }
}
