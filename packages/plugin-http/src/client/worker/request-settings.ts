/**
 * What a request leaves to the options.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import { HTTP_BODY_STREAM, HTTP_MAX_BODY_SIZE, HTTP_TIMEOUT } from '../../core/options.ts'
import { encodeRequestBody, type HttpClientBody } from '../body.ts'
import {
  HTTP_BODY,
  HTTP_FOLLOW_REDIRECTS,
  HTTP_INSECURE_REDIRECTS,
  HTTP_MAX_REDIRECTS,
  HTTP_METHOD,
  HTTP_RETRY,
  type HttpRetry,
} from '../options.ts'
import { type AskWire, FOLLOW, NO_FOLLOW, STREAMED, WHOLE } from '../wire.ts'
import type { ExchangeSettings } from './exchange.ts'
import { retryPolicy } from './retry.ts'

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

export class RequestSettings {
  readonly #socket: PluginSocket
  #retry: Required<HttpRetry> | undefined

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** An option may have changed. */
  renew(): void {
    this.#retry = undefined
  }

  /** Puts in HTTP_METHOD, and HTTP_BODY, which is for methods that define a meaning for a body. */
  complete(ask: AskWire): void {
    const method = ask[2] ?? (this.#socket.option(HTTP_METHOD) as string | undefined)
    const standing = this.#socket.option(HTTP_BODY) as HttpClientBody | undefined
    if (standing !== undefined && ask[5] === null && (method === undefined || !BODILESS.has(method))) {
      const { body, type } = encodeRequestBody({ body: standing })
      ask[5] = body
      ask[6] = type
    }
    ask[2] = method ?? (ask[5] === null ? 'GET' : 'POST')
  }

  /** The settings of a request's exchange. */
  of(ask: AskWire): ExchangeSettings {
    const socket = this.#socket
    const [, , , , , , , flags, timeout, maxBodySize] = ask
    const follow = socket.option(HTTP_FOLLOW_REDIRECTS)
    const streamed = (flags & STREAMED) !== 0 || ((flags & WHOLE) === 0 && socket.option(HTTP_BODY_STREAM))
    this.#retry ??= retryPolicy(socket.option(HTTP_RETRY))
    return {
      streamed,
      timeout: timeout ?? socket.option(HTTP_TIMEOUT),
      maxRedirects: socket.option(HTTP_MAX_REDIRECTS),
      follow: (flags & FOLLOW) !== 0 || (follow && (flags & NO_FOLLOW) === 0),
      insecure: socket.option(HTTP_INSECURE_REDIRECTS),
      retry: this.#retry,
      maxBodySize: maxBodySize ?? (streamed ? Number.POSITIVE_INFINITY : socket.option(HTTP_MAX_BODY_SIZE)),
    }
  }
}
