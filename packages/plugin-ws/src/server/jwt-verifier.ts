/**
 * The check of JSON Web Tokens, by an option's value.
 * @module
 */
import { createVerifier, type JwtConfig, type Verifier } from '@unisock/jwt'
import { SocketError } from '@unisock/kernel/plugin'

/**
 * @param option What the error names, such as `WS_AUTH (128)`.
 * @throws {SocketError} `EINVAL` for a key or setting that does not fit.
 */
export function jwtVerifier(option: string, jwt: string | JwtConfig): Verifier {
  try {
    return createVerifier(jwt)
  } catch (error) {
    throw new SocketError('EINVAL', `${option}: jwt: ${(error as Error).message}`)
  }
}
