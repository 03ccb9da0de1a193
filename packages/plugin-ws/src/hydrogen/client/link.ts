/**
 * One connection, from the attempt to its end.
 * @module
 */
import type { WebSocketConstructor, WebSocketLike } from './socket.ts'

export interface Heartbeat {
  /** Milliseconds without a word from the server after which it is asked for one; 0: never. @default 40000 */
  readonly interval?: number
  /** Milliseconds it then has, and has for the opening too. @default 10000 */
  readonly timeout?: number
}

export interface LinkHandlers {
  opened(): void
  message(text: string): void
  /** Nothing was heard: say something that has an answer. */
  quiet(): void
  /** The connection is over; told once. */
  lost(code: number, reason: string): void
}

/** RFC 6455 section 7.1.5: no close frame came. */
const ABNORMAL = 1006
/** The client's own; all leave room for coming back. */
export const INSUFFICIENT_STATE = 4010
export const NO_ANSWER = 4012
export const NOT_UNDERSTOOD = 4013

export class Link {
  readonly #socket: WebSocketLike
  readonly #handlers: LinkHandlers
  readonly #interval: number
  readonly #timeout: number
  #heard = performance.now()
  #timer: ReturnType<typeof setTimeout> | undefined
  #ended = false
  /** Why an attempt failed, where the socket says so. */
  problem = ''

  /** @throws {SyntaxError} for a URL or a subprotocol that is none. */
  constructor(
    Socket: WebSocketConstructor,
    url: string,
    protocols: string[],
    { interval = 40_000, timeout = 10_000 }: Heartbeat,
    handlers: LinkHandlers,
  ) {
    this.#handlers = handlers
    this.#interval = interval
    this.#timeout = timeout
    const socket = new Socket(url, protocols)
    this.#socket = socket
    socket.onopen = () => handlers.opened()
    socket.onmessage = ({ data }) => {
      this.#heard = performance.now()
      if (typeof data === 'string') handlers.message(data)
    }
    socket.onerror = ({ message = '' }) => void (this.problem = message)
    socket.onclose = ({ code, reason }) => this.#end(code, reason)
    this.#timer = setTimeout(() => this.drop(NO_ANSWER, 'not opened in time'), timeout)
  }

  send(text: string): void {
    this.#socket.send(text)
  }

  /** The session stands: from now on the server is listened for. */
  watch(): void {
    clearTimeout(this.#timer)
    if (this.#interval > 0) this.#timer = setTimeout(() => this.#onQuiet(), this.#interval)
  }

  /** Ends the connection; `lost` is called when the server has agreed, or in time. */
  close(code: number, reason: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(code, reason), this.#timeout)
    this.#socket.close(code, reason)
  }

  /** Gives the connection up, without waiting for a server that may not be there any more. */
  drop(code: number, reason: string): void {
    this.#end(code, reason)
    this.#socket.close(code, reason)
  }

  #onQuiet(): void {
    const silence = performance.now() - this.#heard
    if (silence < this.#interval) {
      this.#timer = setTimeout(() => this.#onQuiet(), this.#interval - silence)
      return
    }
    const asked = performance.now()
    this.#timer = setTimeout(() => {
      if (this.#heard < asked) this.drop(NO_ANSWER, 'no answer')
      else this.watch()
    }, this.#timeout)
    this.#handlers.quiet()
  }

  #end(code: number = ABNORMAL, reason = ''): void {
    clearTimeout(this.#timer)
    const socket = this.#socket
    if (this.#ended) return
    this.#ended = true
    socket.onopen = socket.onmessage = socket.onclose = null
    // The `ws` library throws errors that nobody listens for.
    socket.onerror = () => {}
    this.#handlers.lost(code, reason)
  }
}
