/**
 * WS_AUTH on a server: who is admitted, before the handshake is done.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Verifier } from '@unisock/jwt'
import { type Addr, type FunctionRef, type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import { type ClientAuth, type ServerAuth, WS_AUTH, WS_HANDSHAKE_TIMEOUT } from '../options/index.ts'
import type { Identity } from '../wire.ts'
import { credentialsOf, isKeyScheme, Keys } from './credentials.ts'
import { jwtVerifier } from './jwt-verifier.ts'
import type { Refusal } from './refusal.ts'
import type { Verdicts } from './verdicts.ts'

const UNAUTHORIZED: Refusal = {
  status: 401,
  reason: 'A key or token is required.',
  headers: { 'WWW-Authenticate': 'Key, Bearer' },
}
const UNAVAILABLE: Refusal = {
  status: 503,
  reason: 'The server cannot say now who may connect.',
  headers: { 'Retry-After': '1' },
}
const FAILED: Refusal = { status: 500, reason: 'The server failed to say who may connect.' }

/** What a question that was not answered with yes or no comes to. */
const OUTCOMES: Readonly<Record<string, Refusal>> = {
  busy: UNAVAILABLE,
  late: UNAVAILABLE,
  failed: FAILED,
}

/** Whether it was shown who it is, and who it is where the program has said so. */
export interface Authenticity {
  readonly authValid: boolean
  readonly identity?: Identity | undefined
}

const ANONYMOUS: Authenticity = { authValid: false }
const KEY_HOLDER: Authenticity = { authValid: true }

export class Authenticator {
  readonly #socket: PluginSocket
  readonly #verdicts: Verdicts
  #settings: ServerAuth | undefined
  #keys: Keys | undefined
  #verifyJwt: Verifier | undefined

  constructor(socket: PluginSocket, verdicts: Verdicts) {
    this.#socket = socket
    this.#verdicts = verdicts
  }

  /** Reads the option again. @throws {SocketError} `EINVAL` for one that is a client's, or a key that is none. */
  refresh(): void {
    const value = this.#socket.option(WS_AUTH) as (ServerAuth & ClientAuth) | undefined
    if (value?.key !== undefined || value?.bearer !== undefined)
      throw new SocketError(
        'EINVAL',
        'WS_AUTH (128): key and bearer are for clients; a server takes keys, jwt or handler',
      )
    this.#settings = value
    this.#keys = value?.keys && new Keys(value.keys)
    this.#verifyJwt = value?.jwt === undefined ? undefined : jwtVerifier('WS_AUTH (128)', value.jwt)
  }

  /** WS_AUTH is set. */
  get isSet(): boolean {
    return this.#settings !== undefined
  }

  /** Anonymous where it need not be shown who it is. */
  async check(
    request: IncomingMessage,
    offered: readonly string[],
    addr: Addr,
  ): Promise<Authenticity | Refusal> {
    if (!this.#settings) return ANONYMOUS
    const { handler, required = true } = this.#settings
    const shown = credentialsOf(request.headers.authorization, offered)
    if (shown && this.#keys?.admits(shown)) return KEY_HOLDER
    const verdict = shown && isKeyScheme(shown.scheme) ? this.#verifyJwt?.(shown.token) : undefined
    if (verdict?.status === 'valid') return { authValid: true, identity: verdict.claims }
    if (handler) {
      const answer = await this.#verdicts.ask(
        (handler as unknown as FunctionRef).$function,
        this.#socket.option(WS_HANDSHAKE_TIMEOUT) * 1000,
        request.url!,
        request.rawHeaders,
        shown?.token ?? null,
        shown?.scheme ?? null,
        [...offered],
        addr.address,
        addr.family === 'local' ? -1 : addr.port,
      )
      if (typeof answer === 'object') return { authValid: true, identity: answer.identity }
      const outcome = OUTCOMES[answer]
      if (outcome) return outcome
    }
    return required ? UNAUTHORIZED : ANONYMOUS
  }
}
