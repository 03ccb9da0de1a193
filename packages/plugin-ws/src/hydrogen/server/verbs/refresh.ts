/**
 * `refresh`: a token that expires is replaced while the session goes on.
 * @module
 */
import { HydrogenError } from '../../errors.ts'
import { identityFor } from './identity.ts'
import type { Verb } from './verb.ts'

export const refresh: Verb = {
  authenticates: true,
  async run(context, connection, command, respond) {
    if (command.auth?.token === undefined) throw new HydrogenError('token_missing')
    const identity = await identityFor(context, connection, command)
    if (connection.ended) return
    const { live } = connection
    if (live === undefined) throw new HydrogenError('session_unknown')
    if (live.session.user !== identity.user) throw new HydrogenError('session_user')
    const revoked = context.refresh(live, identity)
    const { user, permissions, expires } = identity
    respond({ user, permissions, ...(expires !== undefined && { expires }), revoked })
  },
}
