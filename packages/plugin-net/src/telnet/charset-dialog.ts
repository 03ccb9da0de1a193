/**
 * Who asks, who answers, and what both then use (RFC 2066).
 * @module
 */
import {
  CHARSET_REJECTED,
  CHARSET_TTABLE_REJECTED,
  chooseCharset,
  decodeCharset,
  encodeCharsetAccepted,
  encodeCharsetRequest,
} from './charset.ts'
import type { Charset } from './charsets.ts'
import type { Role } from './options.ts'

export interface CharsetHandlers {
  send(payload: Buffer): void
  use(charset: Charset): void
}

export class CharsetDialog {
  readonly #role: Role
  readonly #charsets: readonly Charset[]
  readonly #handlers: CharsetHandlers
  #isAsking = false

  constructor(role: Role, charsets: readonly Charset[], handlers: CharsetHandlers) {
    this.#role = role
    this.#charsets = charsets
    this.#handlers = handlers
  }

  ask(): void {
    this.#isAsking = true
    this.#handlers.send(encodeCharsetRequest(this.#charsets))
  }

  receive(payload: Buffer): void {
    const message = decodeCharset(payload)
    if (message?.type === 'ttable') this.#handlers.send(CHARSET_TTABLE_REJECTED)
    else if (message?.type === 'request') this.#answer(message.names)
    else if (message && this.#isAsking) {
      this.#isAsking = false
      if (message.type === 'accepted' && message.charset) this.#handlers.use(message.charset)
    }
  }

  #answer(names: readonly string[]): void {
    // Where both have asked, the server's question stands (RFC 2066).
    const isRefused = this.#isAsking && this.#role === 'server'
    const choice = isRefused ? undefined : chooseCharset(names, this.#charsets)
    if (!choice) return this.#handlers.send(CHARSET_REJECTED)
    this.#isAsking = false
    this.#handlers.send(encodeCharsetAccepted(choice.name))
    this.#handlers.use(choice.charset)
  }
}
