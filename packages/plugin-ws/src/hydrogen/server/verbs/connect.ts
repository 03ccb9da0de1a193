/**
 * `connect`: a session that the client can come back to.
 * @module
 */
import { HydrogenError } from '../../errors.ts'
import { identify } from '../commands.ts'
import type { HydrogenContext } from '../context.ts'
import type { LiveSession } from '../live-session.ts'
import { identityFor } from './identity.ts'
import type { Verb } from './verb.ts'

const SERVER = { name: 'unisock', version: '0.1.0' }

/** What a client is told of its session. */
export function describe(
  { settings }: HydrogenContext,
  { session, identity }: LiveSession,
  token: string,
): object {
  const { limits } = settings
  return {
    session: session.id,
    token,
    generation: session.generation,
    user: session.user,
    permissions: session.permissions,
    ttl: settings.session.ttl,
    ...(identity.expires !== undefined && { expires: identity.expires }),
    limits: {
      maxBytes: limits.envelope.maxBytes,
      subscriptions: limits.subscriptions,
      commands: limits.commands,
      window: limits.delivery.window,
    },
    server: SERVER,
  }
}

export const connect: Verb = {
  authenticates: true,
  async run(context, connection, command, respond) {
    const identity = await identityFor(context, connection, command)
    if (connection.ended) return
    const { live } = connection
    if (live !== undefined && live.session.user !== identity.user)
      throw new HydrogenError('session_user', { message: 'The connection has a session of another user' })
    identify(connection, identity)
    const begun = live ?? context.sessions.create(identity)
    const revoked = begun.identity === identity ? [] : context.refresh(begun, identity)
    begun.resumable = true
    if (live === undefined) context.attach(connection, begun)
    await context.sessions.save(begun)
    respond(describe(context, begun, begun.session.token))
    if (revoked.length > 0) connection.tell('revoked', { topics: revoked })
  },
}
