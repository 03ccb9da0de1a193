/**
 * Where recovery is known to break elsewhere. Numbers are issues of socketio/socket.io.
 */
import { describe, expect, test } from 'vitest'
import type { Message } from '../support/peer.ts'
import { offsetsOf } from '../support/peer.ts'
import { KEYS, serve } from '../support/server.ts'

const refusal = (code: string) => expect.objectContaining({ code })

describe('a session is recovered', () => {
  test('before any event ever came: the position is given with the subscription (#4888, #5538)', async () => {
    await using served = await serve()
    const peer = await served.client()
    const { epoch, offset } = await peer.subscribe('news')
    expect({ epoch, offset }).toEqual({ epoch: expect.any(String), offset: 0 })
    await served.cut(peer)
    await served.publish('news', 3)
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset } } })
    expect(answer.topics.news).toEqual({ epoch, offset: 0, top: 3, recovered: true, wasRecovering: true })
    expect(offsetsOf(await next.events(3))).toEqual([1, 2, 3])
  })

  test('before any event, with no position at all: the server knows where it put the client (#4888)', async () => {
    await using served = await serve()
    const peer = await served.client()
    await peer.subscribe('news')
    await served.cut(peer)
    await served.publish('news', 2)
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.topics.news).toMatchObject({ offset: 0, recovered: true, wasRecovering: true })
    expect(offsetsOf(await next.events(2))).toEqual([1, 2])
  })

  test('after so long a quiet that nothing of the topic is kept any more (#5282)', async () => {
    await using served = await serve({ topics: { news: { history: { age: 0.02, meta: 60 } } } })
    const peer = await served.client()
    await peer.subscribe('news')
    await served.publish('news', 2)
    const { epoch, offset } = (await peer.events(2))[1]!
    while ((await served.server.history('news')).publications.length > 0);
    await served.cut(peer)
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset } } })
    expect(answer.topics.news).toEqual({ epoch, offset: 2, top: 2, recovered: true, wasRecovering: true })
    await served.publish('news', 1)
    expect(await next.event()).toMatchObject({ offset: 3, epoch })
    expect(next.inbox.size).toBe(0)
  })

  test('after events that are not kept, and events that end in what looks like a position (PR #5539)', async () => {
    await using served = await serve()
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news')
    await served.server.publish('news', ['text', `${epoch}`])
    await served.server.broadcast({ channel: 'chat', action: 'said', data: 'text' })
    const [first, broadcast] = await peer.events(2)
    expect([first!.offset, broadcast!.offset]).toEqual([1, undefined])
    await served.cut(peer)
    await served.publish('news', 1)
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset: 1 } } })
    expect(answer.topics.news.recovered).toBe(true)
    expect(await next.event()).toMatchObject({ offset: 2 })
  })

  test('again and again (#4880)', async () => {
    await using served = await serve()
    let peer = await served.client()
    let { epoch, offset } = await peer.subscribe('news')
    for (let round = 1; round <= 10; round++) {
      await served.cut(peer)
      await served.publish('news', 2)
      const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset } } })
      expect(answer).toMatchObject({ generation: round + 1, topics: { news: { recovered: true } } })
      const events = await next.events(2)
      expect(offsetsOf(events)).toEqual([2 * round - 1, 2 * round])
      offset = events[1]!.offset
      peer = next
    }
  })
})

describe('while the old connection is still open (#4880)', () => {
  test('it is closed with 4001, and no event comes over both', async () => {
    await using served = await serve()
    const old = await served.client()
    const { epoch } = await old.subscribe('news')
    await served.publish('news', 5)
    expect(offsetsOf(await old.events(5))).toEqual([1, 2, 3, 4, 5])
    const racing = served.publish('news', 50)
    const { peer } = await served.resumed(old, { topics: { news: { epoch, offset: 5 } } })
    expect(await old.closed).toEqual({ code: 4001, reason: 'replaced' })
    await racing
    await served.publish('news', 5)
    expect(offsetsOf(await peer.events(55))).toEqual(Array.from({ length: 55 }, (_, i) => i + 6))
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
    const offsets = offsetsOf(old.log.filter(({ type }) => type === 'event'))
    expect(new Set(offsets).size).toBe(offsets.length)
    expect((await served.server.metrics()).connections).toBe(1)
  })

  test('what it still says is refused', async () => {
    await using served = await serve({ handlers: { print: () => 'printed' } })
    const old = await served.client()
    old.pause()
    const { peer } = await served.resumed(old)
    let answered = false
    void old.command('print', 'start').then(() => (answered = true))
    old.unpause()
    expect((await old.closed).code).toBe(4001)
    expect(await peer.command('print', 'start')).toMatchObject({ ok: true, data: 'printed' })
    expect(answered).toBe(false)
    expect((await served.server.metrics()).commandLatency.count).toBe(1)
  })
})

describe('who it is, is asked anew (#5491)', () => {
  test('a user who was blocked meanwhile does not get in', async () => {
    let blocked = false
    const handler = ({ token }: { token: string }) =>
      blocked ? undefined : { user: token, permissions: ['*'] }
    await using served = await serve({ verify: { handler } })
    const peer = await served.client({ key: 'cid', scheme: 'Bearer' })
    await peer.subscribe('news')
    await served.cut(peer)
    blocked = true
    await expect(served.open({ key: 'cid', scheme: 'Bearer' })).rejects.toThrow('401')
  })

  test('nor one whose key still opens a connection, and whose token is no longer good', async () => {
    let blocked = false
    const handler = ({ token }: { token: string }) =>
      blocked ? undefined : { user: token, permissions: ['*'] }
    await using served = await serve({ keys: [...KEYS, 'shared'], verify: { handler } })
    const peer = await served.open({ key: 'shared' })
    await peer.connect({ token: 'cid' })
    await peer.subscribe('news')
    await served.cut(peer)
    blocked = true
    const next = await served.open({ key: 'shared' })
    next.token = peer.token
    await expect(next.resume({ auth: { token: 'cid' } })).rejects.toThrow(refusal('token_invalid'))
    await expect(next.resume()).rejects.toThrow(refusal('token_missing'))
    expect((await served.server.metrics()).subscriptions).toBe(0)
    blocked = false
    expect(await next.resume({ auth: { token: 'cid' } })).toMatchObject({ user: 'cid', generation: 2 })
  })

  test('subscriptions to which the permission was withdrawn meanwhile are gone, and the client is told', async () => {
    let permissions = ['*']
    const handler = ({ token }: { token: string }) => ({ user: token, permissions })
    await using served = await serve({
      verify: { handler },
      topics: { 'secret.>': { permission: 'secret:read' } },
    })
    const cid = { key: 'cid', scheme: 'Bearer' } as const
    const peer = await served.client(cid)
    const positions: Record<string, Message> = {}
    for (const topic of ['secret.plans', 'news']) positions[topic] = await peer.subscribe(topic)
    await peer.subscribe('secret.*')
    await served.cut(peer)
    await served.publish('secret.plans', 1)
    await served.publish('news', 1)
    permissions = ['system:*']
    const topics = Object.fromEntries(
      Object.entries(positions).map(([name, { epoch, offset }]) => [name, { epoch, offset }]),
    )
    const { peer: next, answer } = await served.resumed(peer, { topics }, cid)
    expect(answer).toMatchObject({
      permissions: ['system:*'],
      revoked: ['secret.plans'],
      topics: {
        news: { recovered: true },
        'secret.plans': { error: { reason: 'unknown_topic' } },
      },
    })
    expect(answer.subscriptions).toEqual([{ topic: 'news' }, { topic: 'secret.*' }])
    await served.publish('secret.plans', 2)
    await served.publish('news', 1)
    expect(offsetsOf(await next.events(2))).toEqual([1, 2])
    await next.settled()
    expect(next.log.filter(({ topic }) => topic === 'secret.plans')).toEqual([])
    await expect(next.subscribe('secret.plans')).rejects.toThrow(refusal('forbidden'))
  })
})

describe('what the client sent is recovered as well (#5363)', () => {
  test('a command whose response was lost is run once, and answered over the next connection', async () => {
    const runs: unknown[] = []
    await using served = await serve({ handlers: { print: ({ data }) => runs.push(data) } })
    const peer = await served.client()
    expect(await peer.command('print', 'start', 'a', { cseq: 1 })).toMatchObject({ cseq: 1, data: 1 })
    peer.pause()
    void peer.command('print', 'start', 'b', { cseq: 2, id: 'second' })
    await served.measured(({ commandLatency }) => commandLatency.count === 2)
    await served.cut(peer)
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.cseq).toBe(2)
    const again = await next.command('print', 'start', 'b', { cseq: 2, id: 'second' })
    expect(again).toMatchObject({ re: 'second', cseq: 2, ok: true, data: 2 })
    expect(await next.command('print', 'start', 'c', { cseq: 3 })).toMatchObject({ data: 3 })
    expect(runs).toEqual(['a', 'b', 'c'])
  })

  test('a command that never arrived is told by the number that did, and runs then', async () => {
    const runs: unknown[] = []
    await using served = await serve({ handlers: { print: ({ data }) => runs.push(data) } })
    const peer = await served.client()
    await peer.command('print', 'start', 'a', { cseq: 1 })
    await served.cut(peer)
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.cseq).toBe(1)
    expect(await next.command('print', 'start', 'c', { cseq: 3 })).toMatchObject({
      ok: false,
      error: { reason: 'cseq_gap' },
    })
    await next.command('print', 'start', 'b', { cseq: 2 })
    await next.command('print', 'start', 'c', { cseq: 3 })
    expect(runs).toEqual(['a', 'b', 'c'])
  })

  test('a command that is being run is answered when it is done, over whichever connection there is', async () => {
    const release = Promise.withResolvers<string>()
    const runs: unknown[] = []
    await using served = await serve({
      handlers: {
        print: ({ data }) => {
          runs.push(data)
          return release.promise
        },
      },
    })
    const peer = await served.client()
    void peer.command('print', 'start', 'a', { cseq: 1, id: 'long' })
    await served.measured(({ runningCommands }) => runningCommands === 1)
    await served.cut(peer)
    const { peer: next } = await served.resumed(peer)
    const again = await next.command('print', 'start', 'a', { cseq: 1, id: 'long' })
    expect(again).toMatchObject({ ok: false, error: { reason: 'in_progress', retryable: true } })
    release.resolve('done')
    expect(await next.responses.next()).toMatchObject({ re: 'long', cseq: 1, ok: true, data: 'done' })
    expect(runs).toEqual(['a'])
  })
})
