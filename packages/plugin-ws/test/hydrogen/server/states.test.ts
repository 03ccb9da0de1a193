/** What becomes of connections: the states they go through, and what ends them. */
import { SO_MAX_CONNECTIONS } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { TRANSITIONS } from '../../../src/hydrogen/connection-state.ts'
import type { Transition } from '../../../src/index.ts'
import { WS_PING_INTERVAL, WS_PONG_TIMEOUT } from '../../../src/index.ts'
import { Inbox, ISOLATIONS, type OptionRow, refusedWith } from '../../support/kernel.ts'
import { KEYS, serve } from '../support/server.ts'

/** A server that tells of its transitions. */
async function observed(options: Parameters<typeof serve>[0] = {}) {
  const transitions = new Inbox<Transition>()
  const observers = { transition: transitions.put }
  const serving = await serve({ observers, ...options })
  return {
    serving,
    /** The next states, the first of them the one that is left. */
    async states(count: number): Promise<string[]> {
      const states: string[] = []
      while (states.length <= count) {
        const { to, from } = await transitions.next()
        if (states.length > 0) expect(from).toBe(states.at(-1))
        else states.push(from)
        expect(TRANSITIONS[from as 'closing']).toContain(to)
        states.push(to)
      }
      return states
    },
    transitions,
    [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose](),
  }
}

const pings = (interval: number): OptionRow[] => [
  [WS_PING_INTERVAL, interval],
  [WS_PONG_TIMEOUT, 1],
]

const idleAfter = (IdleTimeout: number) => ({ WebSocketServer: { IdleTimeout } })

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a connection is told of from its opening to its end', async () => {
    await using watched = await observed({ isolation })
    const peer = await watched.serving.client()
    expect(await watched.states(3)).toEqual(['connecting', 'verifying', 'established', 'connected'])
    peer.socket.close()
    expect(await watched.states(2)).toEqual(['connected', 'closing', 'closed'])
  })

  test('the program is told whose connection and which', async () => {
    await using watched = await observed({ isolation })
    await watched.serving.client({ key: 'bob' })
    const seen = [await watched.transitions.next(), await watched.transitions.next()]
    seen.push(await watched.transitions.next())
    expect(seen.map(({ user }) => user)).toEqual(['', 'bob', 'bob'])
    const [{ fd }] = seen as [Transition]
    expect(new Set(seen.map(transition => transition.fd))).toEqual(new Set([fd]))
    expect(await watched.serving.server.disconnect({ fd })).toBe(1)
    expect(await watched.states(2)).toEqual(['connected', 'closing', 'closed'])
  })
})

describe.concurrent('as time goes by', () => {
  test('a client that is answered goes to the heartbeat at each ping, and back', async () => {
    await using watched = await observed({ options: pings(1) })
    const peer = await watched.serving.client()
    await watched.states(3)
    expect(await watched.states(2)).toEqual(['connected', 'heartbeat', 'connected'])
    await peer.settled()
  })

  test('a client that does not answer pings is inactive, and ended', async () => {
    await using watched = await observed({ options: pings(1) })
    const peer = await watched.serving.client({ ws: { autoPong: false } })
    await watched.states(3)
    expect(await watched.states(4)).toEqual(['connected', 'heartbeat', 'inactive', 'closing', 'closed'])
    expect(await peer.closed).toEqual({ code: 3012, reason: 'no pong' })
  })

  test('a message is as good as a pong', async () => {
    await using watched = await observed({ options: pings(1) })
    const peer = await watched.serving.client({ ws: { autoPong: false } })
    await watched.states(3)
    peer.socket.once('ping', () => void peer.settled())
    expect(await watched.states(2)).toEqual(['connected', 'heartbeat', 'connected'])
  })

  test('a silent connection is inactive after IdleTimeout, and closed with 4002', async () => {
    await using watched = await observed({ config: idleAfter(1), options: pings(0) })
    const peer = await watched.serving.client()
    await watched.states(3)
    expect(await peer.closed).toEqual({ code: 4002, reason: 'idle' })
    expect(await watched.states(4)).toEqual(['connected', 'heartbeat', 'inactive', 'closing', 'closed'])
  })

  test('a connection that shows no good token is rejected', async () => {
    await using watched = await observed({
      verify: { handler: () => undefined, firstMessage: true },
      limits: { authTimeout: 1 },
    })
    const peer = await watched.serving.open({ key: '' })
    expect((await peer.command('print', 'start', 1, { auth: { token: 'bad' } })).error.reason).toBe(
      'token_invalid',
    )
    expect(await peer.closed).toEqual({ code: 3500, reason: 'unauthorized' })
    expect(await watched.states(2)).toEqual(['connecting', 'verifying', 'rejected'])
  })
})

test('beyond SO_MAX_CONNECTIONS nobody is admitted, until one has left', async () => {
  await using serving = await serve({ options: [[SO_MAX_CONNECTIONS, 2]] })
  const [first] = [await serving.client(), await serving.client()]
  const headers = { Authorization: `Key ${KEYS[0]!.key}` }
  const refused = (): Promise<{ status: number }> =>
    refusedWith(serving.url, ['hydrogen-protocol'], { headers })
  expect((await refused()).status).toBe(503)
  await serving.cut(first!)
  const third = await serving.client()
  await third.settled()
})

test('a kernel that closes tells its clients to come back', async () => {
  await using serving = await serve()
  const peer = await serving.client()
  await serving.kernel.close()
  expect(await peer.closed).toEqual({ code: 3001, reason: 'shutdown' })
})

describe('what an older connection of a session still does', () => {
  test('is refused: it is closed with 4001, and its commands are not run', async () => {
    const ran: unknown[] = []
    await using serving = await serve({ handlers: { print: ({ data }) => void ran.push(data) } })
    const old = await serving.client()
    const late = Promise.withResolvers<void>()
    old.socket.once('close', () => late.resolve())
    const { peer } = await serving.resumed(old)
    old.command('print', 'start', 'old')
    await late.promise
    expect(await old.closed).toEqual({ code: 4001, reason: 'replaced' })
    await peer.command('print', 'start', 'new')
    expect(ran).toEqual(['new'])
  })

  test('is refused also where it was sent before, and is decided upon only now', async () => {
    const ran: unknown[] = []
    const asked = Promise.withResolvers<void>()
    const decided = Promise.withResolvers<object>()
    await using serving = await serve({
      verify: {
        handler: () => {
          asked.resolve()
          return decided.promise
        },
      },
      handlers: { print: ({ data }) => void ran.push(data) },
    })
    const old = await serving.client()
    old.command('print', 'start', 'old', { auth: { token: 'slow' } })
    old.command('print', 'start', 'older still')
    await asked.promise
    const { peer } = await serving.resumed(old)
    expect(await old.closed).toMatchObject({ code: 4001 })
    decided.resolve({ user: 'ann', permissions: ['*'] })
    await peer.command('print', 'start', 'new')
    expect(ran).toEqual(['new'])
  })

  test('does not give the session an older identity back', async () => {
    const asked = Promise.withResolvers<void>()
    const decided = Promise.withResolvers<object>()
    await using serving = await serve({
      verify: {
        handler: ({ token }: { token: string }) => {
          if (token === 'new') return { user: 'ann', permissions: ['print:start'] }
          asked.resolve()
          return decided.promise
        },
      },
      handlers: { print: ({ permissions }) => permissions },
    })
    const old = await serving.client()
    old.command('system', 'refresh', undefined, { auth: { token: 'old' } })
    await asked.promise
    const peer = await serving.open({ key: 'new', scheme: 'Bearer' })
    await peer.resume({ token: old.token })
    decided.resolve({ user: 'ann', permissions: ['*'] })
    const { data } = await peer.command('print', 'start', 1, { auth: { token: 'new' } })
    expect(data).toEqual(['print:start'])
    expect((await peer.command('print', 'stop')).error.reason).toBe('forbidden')
  })
})
