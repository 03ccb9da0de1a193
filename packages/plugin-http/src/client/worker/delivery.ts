/**
 * One response on its way to the program: whole within a limit, or as a stream within a window.
 * @module
 */
import type { Dispatcher } from 'undici'
import { BODY_WINDOW, type FromClientWire, TELL, type TellWire } from '../wire.ts'
import { type Decoded, Decoding } from './decoding.ts'
import { tooLong } from './failure.ts'

/** From so many bytes on a body is handed over instead of copied. */
const TRANSFER = 16 * 1024
const EMPTY = Buffer.alloc(0)

export interface DeliverySettings {
  readonly controller: Dispatcher.DispatchController
  /** The response but for its body. */
  readonly head: TellWire
  readonly codings: readonly string[]
  readonly streamed: boolean
  /** Bytes of the decoded body. */
  readonly limit: number
}

/** Who a delivery is for. */
export interface Recipient {
  /** False: there is no credit, until `resume` is called. */
  emit(wire: FromClientWire, transfer?: boolean): boolean
  /** The whole response is there. */
  complete(wire: TellWire, transfer: boolean): void
  /** A streamed response has come to its end. */
  ended(): void
  failed(error: Error): void
}

export class Delivery implements Decoded {
  readonly #settings: DeliverySettings
  readonly #to: Recipient
  readonly #decoding: Decoding | undefined
  readonly #chunks: Buffer[] = []
  #size = 0
  /** Of bytes that were unpacked and are still packed. */
  #between = 0
  #window = BODY_WINDOW
  #starved = false
  /** The decoder has enough to do. */
  #held = false
  #trailers = ''
  #over = false

  constructor(settings: DeliverySettings, to: Recipient) {
    this.#settings = settings
    this.#to = to
    if (settings.codings.length > 0) this.#decoding = new Decoding(settings.codings, this)
    if (!settings.streamed) return
    settings.head[7] = true
    if (!to.emit(settings.head)) this.#starve()
  }

  get streamed(): boolean {
    return this.#settings.streamed
  }

  /** Bytes as they came. */
  write(chunk: Buffer): void {
    if (this.#over) return
    if (this.#decoding) this.#decoding.write(chunk)
    else if (!this.data(chunk)) this.#settle()
  }

  /** All bytes have come. */
  finish(trailers: string): void {
    if (this.#over) return
    this.#trailers = trailers
    if (this.#decoding) this.#decoding.end()
    else this.end()
  }

  data(chunk: Buffer): boolean {
    if (this.#over) return true
    const { streamed, limit, head } = this.#settings
    this.#size += chunk.length
    if (this.#size > limit) {
      this.fail(tooLong(`the body of ${head[4]}`, limit, 'HTTP_MAX_BODY_SIZE (221)'))
      return true
    }
    if (!streamed) {
      this.#chunks.push(chunk)
      return true
    }
    this.#window -= chunk.length
    if (!this.#to.emit([TELL.CHUNK, head[1], chunk])) this.#starve()
    return this.#mayGoOn
  }

  /** What comes to little in the end may be much on the way there. */
  between(bytes: number): void {
    const { limit, head } = this.#settings
    this.#between += bytes
    if (this.#between > limit)
      this.fail(tooLong(`the body of ${head[4]}, packed several times`, limit, 'HTTP_MAX_BODY_SIZE (221)'))
  }

  end(): void {
    if (this.#over) return
    this.#over = true
    const { streamed, head } = this.#settings
    if (streamed) {
      this.#to.emit([TELL.END, head[1], this.#trailers])
      this.#to.ended()
      return
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    head[7] = body.length === 0 ? EMPTY : body
    head[8] = this.#trailers || null
    this.#to.complete(head, this.#chunks.length > 1 && body.length >= TRANSFER)
  }

  fail(error: Error): void {
    if (this.#over) return
    this.stop()
    this.#to.failed(error)
  }

  hold(held: boolean): void {
    this.#held = held
    this.#settle()
  }

  /** The program has read so many bytes. */
  grant(bytes: number): void {
    this.#window += bytes
    this.#settle()
  }

  /** There is credit again. */
  resume(): void {
    this.#starved = false
    this.#settle()
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.#over = true
    this.#decoding?.destroy()
  }

  get #mayGoOn(): boolean {
    return this.#window > 0 && !this.#starved
  }

  #starve(): void {
    this.#starved = true
  }

  /** Lets the decoder and the connection run, or wait. */
  #settle(): void {
    if (this.#over) return
    const { controller } = this.#settings
    if (this.#mayGoOn) this.#decoding?.resume()
    else this.#decoding?.pause()
    const flows = this.#decoding ? !this.#held : this.#mayGoOn
    if (flows && controller.paused) controller.resume()
    else if (!flows && !controller.paused) controller.pause()
  }
}
