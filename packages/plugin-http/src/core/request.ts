/**
 * A request: its head and its body.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { stateOf } from './exchange-state.ts'
import { HttpMessage } from './message.ts'
import { RequestBody } from './request-body.ts'
import type { RequestWire } from './wire.ts'

const EMPTY = Buffer.alloc(0)

/** An HTTP request. Everything is parsed when it is read first. */
export class HttpRequest<W extends RequestWire = RequestWire> extends HttpMessage<W> {
  #body: Buffer | undefined
  #fields: Record<string, string | string[]> | undefined

  /** The whole body, empty where there is none or it was a form that HTTP_UPLOAD takes in; the stream of it on a listener with HTTP_BODY_STREAM. */
  get body(): Buffer | RequestBody {
    if (this.#body) return this.#body
    const stream = stateOf(this.port)?.body
    if (stream instanceof RequestBody) return stream
    this.#body = toBuffer(this.wire[4])
    return this.#body
  }

  /** The fields of a form that HTTP_UPLOAD has taken in; a repeated one has an array. The mapping has no prototype. */
  get fields(): Readonly<Record<string, string | string[]>> {
    this.#fields ??= Object.assign(Object.create(null), this.form?.fields) as Record<
      string,
      string | string[]
    >
    return this.#fields
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
    const { form } = this
    return { ...super.toJSON(), body: this.body, ...(form && { fields: this.fields }) }
  }
}

function toBuffer(body: RequestWire[4]): Buffer {
  if (body === null || body === true || typeof body === 'string') return EMPTY
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
