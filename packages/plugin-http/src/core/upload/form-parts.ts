/**
 * A form's parts as they come.
 * @module
 */
import type { Readable } from 'node:stream'
import type { OwnerPort } from '@unisock/kernel/plugin'
import { CreditedBytes } from '../credited-bytes.ts'
import { cutShort } from '../request-body.ts'
import type { BodyWire } from '../wire.ts'

/** A part of a form. */
export interface FormPart {
  name: string
  /** What the client calls the file: not a path, and nothing to make one of. Undefined: the part is no file. */
  filename: string | undefined
  /** The media type that the client says it has, in lower case. */
  type: string
  /** Its bytes. What of them is not read before the next part is asked for is thrown away. */
  body: Readable
}

interface Arrived {
  readonly part: FormPart
  readonly body: CreditedBytes
  /** What its head cost. */
  readonly bytes: number
}

/** The parts of a form on a listener whose HTTP_UPLOAD has `mode: 'stream'`. A reader that is slow slows the client. */
export class FormParts implements AsyncIterableIterator<FormPart, undefined> {
  readonly #port: OwnerPort
  readonly #waiting: Arrived[] = []
  /** The part whose bytes arrive. */
  #arriving: CreditedBytes | undefined
  /** The part that the program has. */
  #reading: CreditedBytes | undefined
  #wanted: PromiseWithResolvers<void> | undefined
  #whole = false
  #discarding = false
  #error: Error | undefined
  #trailers = ''

  constructor(port: OwnerPort) {
    this.#port = port
    port.onEnd(error => this.#cut(error))
  }

  /** The trailer fields, joined as they crossed; known when the form has ended. */
  get joinedTrailers(): string {
    return this.#trailers
  }

  /** All of it has arrived. */
  get readableEnded(): boolean {
    return this.#whole
  }

  /** Takes in what crossed. */
  deliver(wire: BodyWire, bytes: number): void {
    if (typeof wire === 'string') this.#begin(wire, bytes)
    else if (wire !== null && !Array.isArray(wire)) this.#arriving!.arrive(wire, bytes)
    else {
      this.#whole = true
      if (wire !== null) this.#trailers = wire[0]
      this.#arriving?.push(null)
      this.#port.consumed(bytes)
    }
    this.#wanted?.resolve()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** @throws {SocketError} the fd's error when the client leaves, `ECANCELED` when the exchange was answered before. */
  async next(): Promise<IteratorResult<FormPart, undefined>> {
    this.#reading?.destroy()
    this.#reading = undefined
    for (;;) {
      const arrived = this.#waiting.shift()
      if (arrived) {
        this.#port.consumed(arrived.bytes)
        this.#reading = arrived.body
        return { done: false, value: arrived.part }
      }
      if (this.#error) throw this.#error
      if (this.#whole || this.#discarding) return { done: true, value: undefined }
      this.#wanted ??= Promise.withResolvers<void>()
      await this.#wanted.promise
      this.#wanted = undefined
    }
  }

  /** The program wants no more of it: the rest is thrown away. */
  async return(): Promise<IteratorResult<FormPart, undefined>> {
    this.#discarding = true
    this.#reading?.destroy()
    for (const { body, bytes } of this.#waiting.splice(0)) {
      this.#port.consumed(bytes)
      body.destroy()
    }
    return { done: true, value: undefined }
  }

  #begin(wire: string, bytes: number): void {
    this.#arriving?.push(null)
    const { name, filename, type } = JSON.parse(wire) as Omit<FormPart, 'body'>
    const body = new CreditedBytes(this.#port)
    this.#arriving = body
    if (this.#discarding) {
      body.destroy()
      this.#port.consumed(bytes)
    } else this.#waiting.push({ part: { name, filename, type, body }, body, bytes })
  }

  #cut(error: Error | undefined): void {
    if (this.#whole) return
    this.#error = error ?? cutShort(this.#port)
    if (this.#arriving && !this.#arriving.destroyed) this.#arriving.destroy(this.#error)
    this.#wanted?.resolve()
  }
}
