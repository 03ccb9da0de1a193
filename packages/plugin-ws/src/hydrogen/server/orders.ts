/**
 * What the program asks of its server.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { RequestWire, Whom } from '../wire.ts'
import type { HydrogenContext } from './context.ts'
import type { LiveSession } from './live-session.ts'
import { unsubscribe } from './subscribing.ts'
import { historyPage } from './verbs/looking.ts'
import { subscribeSession } from './verbs/subscribe.ts'

type Orders = {
  readonly [W in RequestWire as W[0]]: (context: HydrogenContext, wire: W) => unknown | Promise<unknown>
}

/** One function for each kind of request. */
const ORDERS: Orders = {
  publish: ({ publisher }, wire) => publisher.publish(wire),
  broadcast: ({ publisher }, wire) => publisher.broadcast(wire),
  disconnect: (context, [, whom, code, reason, end]) => disconnect(context, whom, code, reason, end),
  refresh: (context, [, whom, permissions, expires]) => refresh(context, whom, permissions, expires),
  subscribe: (context, [, whom, pattern]) => subscribe(context, whom, pattern),
  unsubscribe: (context, [, whom, pattern]) =>
    each(context, whom, live => {
      const had = unsubscribe(context, live, pattern)
      if (had) context.sessions.changed(live)
      return had
    }),
  history: (context, [, topic, from, limit, reverse]) => history(context, topic, from, limit, reverse),
  presence: ({ publisher }, [, topic]) => publisher.presence(topic),
  status: context => context.status(),
  metrics: context => context.measure(),
}

/** Resolves with what the program gets. @throws {SocketError} what it is told instead. */
export function order(context: HydrogenContext, wire: RequestWire): unknown | Promise<unknown> {
  const run = ORDERS[wire[0]] as ((context: HydrogenContext, wire: RequestWire) => unknown) | undefined
  if (run === undefined) throw new SocketError('ENOTSUP', `a Hydrogen server has no ${String(wire[0])}`)
  return run(context, wire)
}

/** Sessions with or without a connection. */
function sessionsOf({ sessions }: HydrogenContext, { user, session, fd }: Whom): LiveSession[] {
  const found: LiveSession[] = []
  for (const live of sessions)
    if (
      (user === undefined || live.session.user === user) &&
      (session === undefined || live.session.id === session) &&
      (fd === undefined || live.connection?.fd.fd === fd)
    )
      found.push(live)
  return found
}

function each(context: HydrogenContext, whom: Whom, act: (live: LiveSession) => boolean): number {
  let count = 0
  for (const live of sessionsOf(context, whom)) if (act(live)) count++
  return count
}

/** Closes their connections, those included that have no session yet; resolves with how many those were. */
async function disconnect(
  context: HydrogenContext,
  whom: Whom,
  code: number | null,
  reason: string | null,
  end: boolean,
): Promise<number> {
  const { user, session, fd } = whom
  let closed = 0
  const sessions = sessionsOf(context, whom)
  for (const connection of [...context.connections]) {
    if (user !== undefined && connection.identity?.user !== user) continue
    if (session !== undefined && connection.live?.session.id !== session) continue
    if (fd !== undefined && connection.fd.fd !== fd) continue
    if (connection.ended) continue
    closed++
    if (code === null) connection.shut(end ? 'sessionEnded' : 'disconnected')
    else connection.shutWith(code, reason ?? '')
  }
  if (end) {
    for (const live of sessions) context.sessions.end(live)
    await context.sessions.flush()
  }
  return closed
}

function refresh(
  context: HydrogenContext,
  whom: Whom,
  permissions: string[] | null,
  expires: number | null,
): number {
  return each(context, whom, live => {
    const { identity } = live
    const revoked = context.refresh(live, {
      ...identity,
      ...(permissions !== null && { permissions }),
      ...(expires !== null && { expires }),
    })
    if (revoked.length > 0) live.connection?.tell('revoked', { topics: revoked })
    return true
  })
}

async function subscribe(context: HydrogenContext, whom: Whom, pattern: string): Promise<number> {
  let count = 0
  for (const live of sessionsOf(context, whom)) if (await subscribeSession(context, live, pattern)) count++
  return count
}

/** A page as JSON text: it is not taken apart here. */
async function history(
  context: HydrogenContext,
  name: string,
  from: number | null,
  limit: number | null,
  reverse: boolean,
): Promise<string> {
  const topic = await context.topics.open(name)
  return historyPage(
    topic,
    { from: from ?? undefined, limit: limit ?? undefined, reverse },
    context.clock.now(),
  )
}
