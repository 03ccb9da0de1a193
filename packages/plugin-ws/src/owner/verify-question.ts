/**
 * Asking the program whose a token is.
 * @module
 */
import { Question } from '@unisock/kernel/plugin'
import type { VerifyWire } from '../wire.ts'

/** A token that is no key and no valid JSON Web Token: what the function of HYDROGEN_VERIFY gets. */
export interface VerifyRequest {
  token: string
  /** How `Authorization` calls it, in lower case; `protocol` when it came as a subprotocol, `message` when in a message. */
  scheme: string
}

export class VerifyQuestion extends Question implements VerifyRequest {
  readonly token: string
  readonly scheme: string

  constructor([id, token, scheme]: VerifyWire) {
    super(id)
    this.token = token
    this.scheme = scheme
  }
}
