/**
 * A request: its head and its body.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { stateOf } from './exchange-state.ts'
import { HttpMessage } from './message.ts'
import type { RequestBody } from './request-body.ts'
import type { RequestWire } from './wire.ts'

const EMPTY = Buffer.alloc(0)

/** An HTTP request. Everything is parsed when it is read first. */
export class HttpRequest<W extends RequestWire = RequestWire> extends HttpMessage<W> {
  #body: Buffer | undefined

  /** The whole body, empty where there is none; the stream of it on a listener with HTTP_BODY_STREAM. */
  get body(): Buffer | RequestBody {
    if (this.#body) return this.#body
    const stream = stateOf(this.port)?.body
    if (stream) return stream
    this.#body = toBuffer(this.wire[4])
    return this.#body
  }

  /** The whole body, read to its end where it is streamed. */
  async bytes(): Promise<Buffer> {
    const { body } = this
    if (Buffer.isBuffer(body)) return body
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** The whole body as UTF-8. */
  async text(): Promise<string> {
    return (await this.bytes()).toString('utf8')
  }

  /**
   * The whole body, parsed.
   *
   * @throws {SocketError} `EPROTO` when it is not JSON; a handler that lets it pass answers 400.
   */
  async json(): Promise<unknown> {
    const text = await this.text()
    try {
      return JSON.parse(text)
    } catch (cause) {
      const error = new SocketError('EPROTO', `the body is not JSON: ${(cause as Error).message}`, {
        fd: this.fd,
        cause,
      })
      throw Object.assign(error, { status: 400 })
    }
  }

  /** The request as a plain mapping. */
  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), body: this.body }
  }
}

function toBuffer(body: RequestWire[4]): Buffer {
  if (body === null || body === true) return EMPTY
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
