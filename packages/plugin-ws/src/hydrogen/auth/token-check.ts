/**
 * Whose a token is: by HYDROGEN_VERIFY.
 * @module
 */
import type { Verifier } from '@unisock/jwt'
import type { FunctionRef, PluginSocket } from '@unisock/kernel/plugin'
import { WS_HANDSHAKE_TIMEOUT } from '../../options/index.ts'
import { jwtVerifier } from '../../server/jwt-verifier.ts'
import type { Verdict, Verdicts } from '../../server/verdicts.ts'
import type { HydrogenErrorCode } from '../errors.ts'
import type { HydrogenVerify } from '../options/auth.ts'
import { type AdmittedIdentity, identityOf, identityOfClaims } from './identity.ts'

export type Verified = AdmittedIdentity | HydrogenErrorCode

/** What a question that was not answered with an identity comes to. */
const OUTCOMES: Readonly<Record<Extract<Verdict, string>, HydrogenErrorCode>> = {
  refused: 'token_invalid',
  failed: 'server_error',
  late: 'timed_out',
  busy: 'busy',
}

/** The verification of tokens, by one value of the option. */
export class TokenCheck {
  readonly #socket: PluginSocket
  readonly #verdicts: Verdicts
  readonly #verifyJwt: Verifier | undefined
  readonly #tolerance: number
  readonly #handler: number | undefined

  /** @throws {SocketError} `EINVAL` for a key that is none. */
  constructor({ jwt, handler }: HydrogenVerify, socket: PluginSocket, verdicts: Verdicts) {
    this.#socket = socket
    this.#verdicts = verdicts
    this.#verifyJwt = jwt === undefined ? undefined : jwtVerifier('HYDROGEN_VERIFY (442)', jwt)
    this.#tolerance = typeof jwt === 'object' ? (jwt.clockTolerance ?? 0) * 1000 : 0
    this.#handler = (handler as unknown as FunctionRef | undefined)?.$function
  }

  /** Whether anybody can be verified. */
  get able(): boolean {
    return this.#verifyJwt !== undefined || this.#handler !== undefined
  }

  /** At once, unless it is the program that has to be asked. */
  check(token: string, scheme: string, now: number): Verified | Promise<Verified> {
    const verdict = this.#verifyJwt?.(token)
    if (verdict?.status === 'valid')
      return identityOfClaims(verdict.claims, this.#tolerance) ?? 'token_invalid'
    if (verdict?.status === 'expired') return 'token_expired'
    return this.#handler === undefined ? 'token_invalid' : this.#ask(this.#handler, token, scheme, now)
  }

  async #ask(handler: number, token: string, scheme: string, now: number): Promise<Verified> {
    const timeout = this.#socket.option(WS_HANDSHAKE_TIMEOUT) * 1000
    const verdict = await this.#verdicts.ask(handler, timeout, token, scheme)
    if (typeof verdict === 'string') return OUTCOMES[verdict]
    try {
      const identity = identityOf(verdict.identity ?? {})
      return isExpired(identity, now) ? 'token_expired' : identity
    } catch (error) {
      this.#socket.log('error', 'HYDROGEN_VERIFY: the function returned no identity', {
        reason: (error as Error).message,
      })
      return 'server_error'
    }
  }
}

export function isExpired({ expires }: AdmittedIdentity, now: number): boolean {
  return expires !== undefined && expires <= now
}
