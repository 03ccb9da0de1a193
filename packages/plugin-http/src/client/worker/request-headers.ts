/**
 * The header fields that requests are sent with: their own, those of the options, and what the client says of itself.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import { flattenHeaders } from '../../core/headers.ts'
import { HTTP_HEADERS } from '../../core/options.ts'
import { HTTP_USER_AGENT } from '../options.ts'
import { ACCEPT_ENCODING } from './decoding.ts'

export interface CompleteHeaders {
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** The client itself asked for content codings, and undoes them. */
  readonly decode: boolean
}

export class RequestHeaders {
  readonly #socket: PluginSocket
  readonly #accept: string
  /** Of requests that bring nothing of their own. */
  #plain: CompleteHeaders | undefined

  /** @param accept Media types that are asked for where nobody says. */
  constructor(socket: PluginSocket, accept: string) {
    this.#socket = socket
    this.#accept = accept
  }

  /** An option may have changed. */
  renew(): void {
    this.#plain = undefined
  }

  /** Own fields win over HTTP_HEADERS, those over what the client says. */
  complete(own: readonly string[] | null, contentType: string | null): CompleteHeaders {
    if (own !== null || contentType !== null) return this.#build(own ?? [], contentType)
    this.#plain ??= this.#build([], null)
    return this.#plain
  }

  #build(own: readonly string[], contentType: string | null): CompleteHeaders {
    const headers: string[] = []
    const names = new Set<string>()
    const add = (fields: readonly string[]): void => {
      const size = headers.length
      for (let i = 0; i < fields.length; i += 2)
        if (!names.has(fields[i]!.toLowerCase())) headers.push(fields[i]!, fields[i + 1]!)
      for (let i = size; i < headers.length; i += 2) names.add(headers[i]!.toLowerCase())
    }
    add(own)
    add(flattenHeaders(this.#socket.option(HTTP_HEADERS)) ?? [])
    // A part of an encoded body cannot be decoded (RFC 9110 section 14.2).
    const decode = !names.has('accept-encoding') && !names.has('range')
    const agent = this.#socket.option(HTTP_USER_AGENT)
    if (agent !== '') add(['User-Agent', agent])
    add(['Accept', this.#accept, 'Accept-Encoding', decode ? ACCEPT_ENCODING : 'identity'])
    if (contentType !== null) add(['Content-Type', contentType])
    return { headers, decode }
  }
}
