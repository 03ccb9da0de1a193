/**
 * A FastCGI request in the form of node:http's.
 * @module
 */
import { parseHeaders } from '../headers.ts'
import { IncomingMessage } from '../server/node-http.ts'
import type { Channel } from './channel.ts'
import type { CgiHead } from './head.ts'

export class FastCgiMessage extends IncomingMessage {
  readonly #onRead: () => void

  /** `onRead` is called when more of the body is wanted. */
  constructor(channel: Channel, head: CgiHead, onRead: () => void) {
    super(channel.asSocket())
    this.#onRead = onRead
    this.method = head.method
    this.url = head.uri
    this.httpVersion = head.version
    this.httpVersionMajor = 1
    this.httpVersionMinor = 1
    this.rawHeaders = head.rawHeaders
    this.headers = parseHeaders(head.rawHeaders)
  }

  override _read(): void {
    this.#onRead()
  }
}
