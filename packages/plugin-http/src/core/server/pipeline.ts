/**
 * How many of a connection's pipelined requests are served at once (RFC 9112 section 9.3.2).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpResponse } from './response.ts'

/** Unanswered requests of one connection beyond which it is not read. */
export const MAX_UNANSWERED = 32

interface Waiting {
  request: IncomingMessage
  response: HttpResponse
}

/**
 * Lets a bounded number of requests in. One read may hold many more: those wait here, without an fd, and the socket is
 * not read until they are in.
 */
export class Pipeline {
  readonly #socket: Socket
  readonly #start: (request: IncomingMessage, response: HttpResponse) => void
  #unanswered = 0
  #waiting: Waiting[] = []
  #held = false
  readonly #advance = (): void => this.#startNext()
  // node:http resumes a socket after each message it has parsed.
  readonly #stayPaused = (): void => void this.#socket.pause()

  constructor(socket: Socket, start: (request: IncomingMessage, response: HttpResponse) => void) {
    this.#socket = socket
    this.#start = start
  }

  /** Requests that were let in and whose response is not sent. */
  get unanswered(): number {
    return this.#unanswered
  }

  get waiting(): number {
    return this.#waiting.length
  }

  admit(request: IncomingMessage, response: HttpResponse): void {
    if (this.#unanswered < MAX_UNANSWERED && this.#waiting.length === 0) {
      this.#letIn(request, response)
      return
    }
    this.#waiting.push({ request, response })
    this.#hold()
  }

  /** The response of a request that was let in has been sent, whoever made it. */
  answered(): void {
    this.#unanswered--
    if (this.#waiting.length > 0) queueMicrotask(this.#advance)
  }

  /** Takes back a waiting request that is going to be answered without being let in. */
  withdraw(response: HttpResponse): void {
    const index = this.#waiting.findIndex(waiting => waiting.response === response)
    if (index >= 0) this.#waiting.splice(index, 1)
  }

  /** Forgets what waits: the connection is gone. */
  clear(): void {
    this.#waiting = []
    this.#release()
  }

  #startNext(): void {
    while (this.#unanswered < MAX_UNANSWERED) {
      const next = this.#waiting.shift()
      if (!next) break
      this.#letIn(next.request, next.response)
    }
    if (this.#waiting.length === 0) this.#release()
  }

  #letIn(request: IncomingMessage, response: HttpResponse): void {
    this.#unanswered++
    response.admitted = true
    this.#start(request, response)
  }

  #hold(): void {
    if (this.#held) return
    this.#held = true
    this.#socket.pause()
    this.#socket.on('resume', this.#stayPaused)
  }

  #release(): void {
    if (!this.#held) return
    this.#held = false
    this.#socket.off('resume', this.#stayPaused)
    this.#socket.resume()
  }
}
