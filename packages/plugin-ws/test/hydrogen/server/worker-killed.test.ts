/** A worker is killed while its keeper lives: what was said to be so still is. */
import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/hydrogen/auth/index.ts'
import { offsetsOf, positionOf } from '../support/peer.ts'
import { APART, serve } from '../support/server.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => i + first)
const PATIENT = { delivery: { ackWait: 3600, minAckWait: 3600, maxAckWait: 3600 } }
const TOPICS = { 'acked.>': { ack: true } }
const EVEN = { attr: 'even', op: 'eq', value: true }

describe.each(APART)('a worker in a %s that is killed', isolation => {
  test('leaves its sessions, their subscriptions and positions, and no event is lost or comes twice', async () => {
    await using served = await serve({ isolation, keeper: true })
    const peer = await served.client()
    await peer.subscribe('news')
    await peer.subscribe('even', { filter: EVEN, lane: 1 })
    await served.publish('news', 3)
    await served.publish('even', 2, { attributes: { even: true } })
    const events = await peer.events(5)
    const last = (topic: string) => positionOf(events.findLast(event => event.topic === topic)!)
    await served.publish('even', 1, { attributes: { even: false } })
    await served.kill()
    await peer.closed
    await served.publish('news', 2, { first: 4 })
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { news: last('news'), even: last('even') },
    })
    expect(answer).toMatchObject({
      user: 'ann',
      generation: 2,
      subscriptions: [{ topic: 'news' }, { topic: 'even', filter: EVEN, lane: 1 }],
      topics: {
        news: { offset: 3, top: 5, recovered: true },
        even: { offset: 2, top: 3, recovered: true },
      },
    })
    await served.publish('news', 1, { first: 6 })
    const recovered = await next.events(3)
    expect(offsetsOf(recovered)).toEqual([4, 5, 6])
    expect(recovered.map(({ data, epoch }) => [data.n, epoch])).toEqual(
      [4, 5, 6].map(n => [n, events[0]!.epoch]),
    )
    await next.settled()
    expect(next.inbox.size).toBe(0)
  })

  test('leaves signatures that were used: none is good again', async () => {
    const ran: unknown[] = []
    await using served = await serve({
      isolation,
      keeper: true,
      signing: { secret: 'a secret of many bytes, known to both ends' },
      actions: { 'print:start': { signed: true } },
      handlers: { print: ({ data }) => void ran.push(data) },
    })
    const peer = await served.client()
    const parts = { id: 's1', timestamp: new Date().toISOString(), channel: 'print', action: 'start' }
    const signature = sign('a secret of many bytes, known to both ends', {
      ...parts,
      data: '{"file":"boat"}',
    })
    const signed = { ...parts, auth: { signature } }
    expect(await peer.command('print', 'start', { file: 'boat' }, signed)).toMatchObject({ ok: true })
    await served.kill()
    await peer.closed
    const other = await served.client()
    expect(await other.command('print', 'start', { file: 'boat' }, signed)).toMatchObject({
      ok: false,
      error: { reason: 'signature_replayed' },
    })
    expect(ran).toEqual([{ file: 'boat' }])
  })

  test('leaves what was not acknowledged, with its ids, numbers and attempts', async () => {
    await using served = await serve({ isolation, keeper: true, topics: TOPICS, limits: PATIENT })
    const peer = await served.client()
    await peer.subscribe('acked.a')
    await served.publish('acked.a', 4)
    const before = await peer.events(4)
    peer.ack(before[1]!)
    await served.measured(({ acked }) => acked === 1)
    // What changed of a session is saved by time; a subscription is at once, and with it everything else.
    await peer.subscribe('news')
    await served.kill()
    await served.publish('acked.a', 2, { first: 5 })
    const { peer: next } = await served.resumed(peer)
    const events = await next.events(5)
    expect(events.map(({ offset, attempt }) => `${offset}#${attempt}`)).toEqual([
      '1#2',
      '3#2',
      '4#2',
      '5#1',
      '6#1',
    ])
    const known = (event: (typeof events)[number]) => [event.id, event.seq, event.epoch]
    expect(events.slice(0, 3).map(known)).toEqual([before[0]!, before[2]!, before[3]!].map(known))
    expect(events.map(({ seq }) => seq)).toEqual([1, 3, 4, 5, 6])
    next.say({ type: 'ack', upto: 6 })
    await served.measured(({ unacked }) => unacked === 0)
  })

  test('while the program runs a command: it is run once, and answered once', async () => {
    const release = Promise.withResolvers<string>()
    const runs: unknown[] = []
    await using served = await serve({
      isolation,
      keeper: true,
      handlers: {
        print: ({ data }) => {
          runs.push(data)
          return data === 'slow' ? release.promise : data
        },
      },
    })
    const peer = await served.client()
    const quick = { cseq: 1, id: 'quick' }
    expect(await peer.command('print', 'start', 'quick', quick)).toMatchObject({ data: 'quick' })
    const slow = { cseq: 2, id: 'slow' }
    void peer.command('print', 'start', 'slow', slow)
    while (runs.length < 2) await served.server.metrics()
    // Saved with the session.
    await peer.subscribe('news')
    await served.kill()
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.cseq).toBe(2)
    expect(await next.command('print', 'start', 'quick', quick)).toMatchObject({ data: 'quick' })
    const again = next.command('print', 'start', 'slow', slow)
    release.resolve('done')
    expect(await again).toMatchObject({ re: 'slow', cseq: 2, ok: true, data: 'done' })
    expect(await next.command('print', 'start', 'slow', slow)).toMatchObject({ data: 'done' })
    expect(runs).toEqual(['quick', 'slow'])
  })

  test('while events are being published: those that were confirmed are there afterwards', async () => {
    await using served = await serve({ isolation, keeper: true })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news')
    const confirmed: { n: number; offset: number }[] = []
    const failed: number[] = []
    const publishing = (async () => {
      for (let n = 1; served.restarts === 0 || n <= 400; n++)
        await served.server.publish('news', { n }).then(
          ({ offset }) => void confirmed.push({ n, offset }),
          () => void failed.push(n),
        )
    })()
    while (confirmed.length < 100) await new Promise(resolve => setImmediate(resolve))
    await served.kill()
    await publishing
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset: 0 } } })
    expect(answer.topics.news).toMatchObject({ epoch, recovered: true })
    const events = await next.events(answer.topics.news.top)
    expect(offsetsOf(events)).toEqual(upTo(answer.topics.news.top))
    const byOffset = new Map(events.map(({ offset, data }) => [offset, data.n]))
    expect(confirmed.filter(({ n, offset }) => byOffset.get(offset) !== n)).toEqual([])
    const numbers = events.map(({ data }) => data.n)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(failed.length).toBeLessThan(400)
  })

  test('without a keeper leaves nothing: the session is unknown', async () => {
    await using served = await serve({ isolation })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news')
    await served.kill()
    const next = await served.open()
    await expect(next.resume({ token: peer.token })).rejects.toThrow(refusal('session_unknown'))
    await next.connect()
    const answer = await next.subscribe('news', { position: { epoch, offset: 0 } })
    expect(answer).toMatchObject({ recovered: false, wasRecovering: true, reason: 'epoch', offset: 0 })
    expect(answer.epoch).not.toBe(epoch)
  })
})

describe('a worker that is killed', () => {
  test('right after an event was written loses nothing: what was not saved yet comes from the history', async () => {
    await using served = await serve({
      isolation: 'thread',
      keeper: true,
      topics: TOPICS,
      limits: PATIENT,
      session: { save: 60_000 },
    })
    const peer = await served.client()
    await peer.subscribe('acked.a')
    const published = served.publish('acked.a', 20)
    const before = await peer.events(20)
    await published
    await served.kill()
    const tenth = before[9]!
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { 'acked.a': positionOf(tenth) },
      received: tenth.seq,
    })
    expect(answer).toMatchObject({ received: 10, topics: { 'acked.a': { recovered: true, top: 20 } } })
    const after = await next.events(10)
    expect(after.map(({ id }) => id)).toEqual(before.slice(10).map(({ id }) => id))
    // Numbers that the client has seen are not given to other events.
    expect(after.map(({ seq }) => seq)).toEqual(upTo(20, 11))
    next.say({ type: 'ack', upto: 20 })
    await served.measured(({ unacked }) => unacked === 0)
    await served.publish('acked.a', 1)
    expect((await next.event()).offset).toBe(21)
  })

  test('while the program answers a command that nobody can be told of: the answer comes when it is asked for again', async () => {
    const release = Promise.withResolvers<string>()
    let runs = 0
    await using served = await serve({
      isolation: 'thread',
      keeper: true,
      handlers: {
        print: () => {
          runs++
          return release.promise
        },
      },
    })
    const peer = await served.client()
    void peer.command('print', 'start', undefined, { cseq: 1, id: 'slow' })
    while (runs < 1) await served.server.metrics()
    const killed = served.kill()
    await peer.closed
    release.resolve('done')
    await killed
    const { peer: next } = await served.resumed(peer)
    const again = await next.command('print', 'start', undefined, { cseq: 1, id: 'slow' })
    expect([again.data, runs]).toEqual(['done', 1])
  })

  test('is no reason to forget what the history no longer has: the client is told that it is missing', async () => {
    await using served = await serve({
      isolation: 'thread',
      keeper: true,
      topics: { acked: { ack: true, history: { count: 2 } } },
      limits: PATIENT,
    })
    const peer = await served.client()
    await peer.subscribe('acked')
    await served.publish('acked', 5)
    const before = await peer.events(5)
    await peer.subscribe('saved')
    await served.kill()
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { acked: positionOf(before[4]!) },
      received: 0,
    })
    expect(answer.topics.acked).toMatchObject({
      top: 5,
      recovered: false,
      reason: 'gap',
      gap: { from: 1, to: 3 },
    })
    const events = await next.events(2)
    expect(events.map(({ offset, seq, attempt }) => [offset, seq, attempt])).toEqual([
      [4, 4, 2],
      [5, 5, 2],
    ])
    next.say({ type: 'ack', upto: 5 })
    await served.measured(({ unacked }) => unacked === 0)
  })

  test('before it saved that commands were run: they are sent again, and each is run once', async () => {
    const runs: unknown[] = []
    await using served = await serve({
      isolation: 'thread',
      keeper: true,
      session: { save: 60_000 },
      handlers: { print: ({ data }) => runs.push(data) },
    })
    const peer = await served.client()
    for (let cseq = 1; cseq <= 3; cseq++) await peer.command('print', 'start', cseq, { cseq })
    await served.kill()
    const { peer: next, answer } = await served.resumed(peer)
    for (let cseq = answer.cseq + 1; cseq <= 4; cseq++)
      expect(await next.command('print', 'start', cseq, { cseq })).toMatchObject({ ok: true, data: cseq })
    expect(runs).toEqual([1, 2, 3, 4])
  })
})

test('sessions whose worker was killed, and that nobody comes back to, end in their time', async () => {
  await using served = await serve({ isolation: 'thread', keeper: true, session: { ttl: 1, save: 10 } })
  const peer = await served.client()
  await served.kill()
  const { kernel } = served
  const keys = async () => ((await kernel.inspect()).keepers[0]!.inside as any).store.keys
  expect(await keys()).toBe(1)
  while ((await keys()) > 0) await new Promise(resolve => setTimeout(resolve, 20))
  const next = await served.open()
  await expect(next.resume({ token: peer.token })).rejects.toThrow(refusal('session_unknown'))
})
