/**
 * A REST client's response.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { HttpResponse } from '@unisock/plugin-http/client'
import { PROBLEM_TYPE } from '@unisock/plugin-http/core'
import { formOf, mediaTypeOf } from '../media-type.ts'
import { type ProblemDocument, problemDocument } from '../problem.ts'
import type { RestClientWrite } from './request.ts'

/** A response whose body is parsed by its media type. */
export class RestResponse extends HttpResponse<RestClientWrite> {
  #parsed: { value: unknown } | undefined

  /** The media type in lower case, without parameters; '' where there is none. */
  get media_type(): string {
    const type = this.headers['content-type']
    return mediaTypeOf(typeof type === 'string' ? type : undefined)
  }

  /**
   * JSON parsed, text as a string, anything else a Buffer; undefined where there is none. The stream of it where that was
   * asked for.
   *
   * @throws {SocketError} `EPROTO` for JSON that is none.
   */
  override get body(): any {
    if (this.stream) return this.stream
    this.#parsed ??= { value: this.#parse() }
    return this.#parsed.value
  }

  /** The problem document of a status from 400 on: the server's (RFC 9457), or one that says no more than the status. */
  get problem(): ProblemDocument | undefined {
    const { status } = this
    if (status < 400) return undefined
    const document = problemDocument(status)
    if (this.stream || this.media_type !== PROBLEM_TYPE) return document
    try {
      const { body } = this
      const isDocument = typeof body === 'object' && body !== null && !Array.isArray(body)
      return isDocument ? { ...document, ...body, status } : document
    } catch {
      return document
    }
  }

  #parse(): unknown {
    const bytes = this.whole
    if (bytes.length === 0) return undefined
    const form = formOf(this.media_type)
    if (form === 'bytes') return bytes
    const text = bytes.toString('utf8')
    if (form !== 'json') return text
    try {
      return JSON.parse(text)
    } catch (cause) {
      const reason = `the body of ${this.url} is not JSON: ${(cause as Error).message}`
      throw new SocketError('EPROTO', reason, { fd: this.fd, op: 'request', cause })
    }
  }
}
