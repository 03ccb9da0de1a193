/**
 * Who a client says it is, in a command that may show it.
 * @module
 */
import type { AdmittedIdentity } from '../../auth/identity.ts'
import type { CommandEnvelope } from '../../envelope/types.ts'
import { HydrogenError } from '../../errors.ts'
import type { HydrogenConnection } from '../connection.ts'
import type { HydrogenContext } from '../context.ts'

/** Of the token in the command, else of the handshake. @throws {HydrogenError} `token_missing`, and why a token is not good. */
export async function identityFor(
  { authority }: HydrogenContext,
  connection: HydrogenConnection,
  { auth }: CommandEnvelope,
): Promise<AdmittedIdentity> {
  if (auth?.token === undefined) {
    if (connection.identity === undefined) throw new HydrogenError('token_missing')
    return connection.identity
  }
  const verified = await authority.verify(auth.token)
  if (typeof verified === 'string') throw new HydrogenError(verified)
  return verified
}
