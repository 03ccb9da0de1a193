/** A session goes on over another connection, and knows exactly what it missed. */
import { describe, expect, test } from 'vitest'
import { ISOLATIONS } from '../../support/kernel.ts'
import { offsetsOf, positionOf } from '../support/peer.ts'
import { APART, serve } from '../support/server.ts'

const refusal = (code: string) => expect.objectContaining({ code })
const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => i + first)
const EVEN = { attr: 'even', op: 'eq', value: true }

describe.each(ISOLATIONS)('over %s', isolation => {
  test('what was published meanwhile comes once and in order, behind the answer; then what is published now', async () => {
    await using served = await serve({ isolation })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news')
    await served.publish('news', 2)
    const events = await peer.events(2)
    await served.cut(peer)
    await served.publish('news', 3, { first: 3 })
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: positionOf(events[1]!) } })
    expect(answer).toMatchObject({
      user: 'ann',
      generation: 2,
      cseq: 0,
      received: 0,
      topics: { news: { epoch, offset: 2, top: 5, recovered: true, wasRecovering: true } },
      subscriptions: [{ topic: 'news' }],
      revoked: [],
    })
    expect(next.log[0]!.type).toBe('response')
    await served.publish('news', 2, { first: 6 })
    const recovered = await next.events(5)
    expect(recovered.map(({ data }) => data.n)).toEqual(upTo(7, 3))
    expect(offsetsOf(recovered)).toEqual(upTo(7, 3))
    await next.settled()
    expect(next.inbox.size).toBe(0)
    expect((await served.server.metrics()).resumes).toEqual({ recovered: 1, partly: 0, failed: 0 })
  })
})

describe('a topic of which something is missing', () => {
  test('does not keep the others from being recovered', async () => {
    await using served = await serve({ topics: { short: { history: { count: 2 } } } })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('long')
    const short = await peer.subscribe('short')
    await served.cut(peer)
    await served.publish('long', 5)
    await served.publish('short', 5)
    const { peer: next, answer } = await served.resumed(peer, {
      topics: {
        long: { epoch, offset: 0 },
        short: { epoch: short.epoch, offset: 0 },
        unknown: { epoch, offset: 0 },
        'no..topic': { epoch, offset: 0 },
        strange: 7,
      },
    })
    expect(answer.topics).toMatchObject({
      long: { recovered: true },
      short: { recovered: false, reason: 'gap' },
      unknown: { error: { reason: 'unknown_topic' } },
      'no..topic': { error: { reason: 'bad_topic' } },
      strange: { error: { reason: 'unknown_topic' } },
    })
    expect(offsetsOf(await next.events(5))).toEqual(upTo(5))
    expect((await served.server.metrics()).resumes.partly).toBe(1)
  })

  test('is told exactly what: all up to now, where the client does not want a part', async () => {
    await using served = await serve({ topics: { news: { history: { count: 3 } } } })
    const peer = await served.client()
    await peer.subscribe('news')
    await served.publish('news', 2)
    const [, last] = await peer.events(2)
    await served.cut(peer)
    await served.publish('news', 8)
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: positionOf(last!) } })
    expect(answer.topics.news).toEqual({
      epoch: last!.epoch,
      offset: 10,
      top: 10,
      recovered: false,
      wasRecovering: true,
      reason: 'gap',
      gap: { from: 3, to: 10 },
    })
    await served.publish('news', 1)
    expect((await next.event()).offset).toBe(11)
  })

  test('is told exactly what: up to what is kept, where it does', async () => {
    await using served = await serve({ topics: { news: { history: { count: 3 } } } })
    const peer = await served.client()
    await peer.subscribe('news')
    await served.publish('news', 2)
    const [, last] = await peer.events(2)
    await served.cut(peer)
    await served.publish('news', 8)
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { news: { ...positionOf(last!), partial: true } },
    })
    expect(answer.topics.news).toMatchObject({
      offset: 7,
      top: 10,
      recovered: false,
      reason: 'gap',
      gap: { from: 3, to: 7 },
      truncatedFrom: 8,
    })
    await served.publish('news', 1)
    expect(offsetsOf(await next.events(4))).toEqual([8, 9, 10, 11])
  })

  test('whose position is ahead of it is answered with what there is', async () => {
    await using served = await serve()
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news')
    await served.publish('news', 1)
    await served.cut(peer)
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset: 2 } } })
    expect(answer.topics.news).toEqual({
      epoch,
      offset: 1,
      top: 1,
      recovered: false,
      wasRecovering: true,
      reason: 'ahead',
    })
    await served.publish('news', 1)
    expect((await next.event()).offset).toBe(2)
  })

  test.each([
    [false, { offset: 4 }, [5]],
    [true, { offset: 0, truncatedFrom: 1 }, [1, 2, 3, 4, 5]],
  ])(
    'that began anew says so and guesses nothing; a part of it wanted: %s',
    async (partial, facts, comes) => {
      await using served = await serve()
      const peer = await served.client()
      const { epoch } = await peer.subscribe('news')
      await served.cut(peer)
      await served.publish('news', 4)
      const { peer: next, answer } = await served.resumed(peer, {
        topics: { news: { epoch: 'another', offset: 2, partial } },
      })
      expect(answer.topics.news).toEqual({
        epoch,
        top: 4,
        recovered: false,
        wasRecovering: true,
        reason: 'epoch',
        ...facts,
      })
      await served.publish('news', 1)
      expect(offsetsOf(await next.events(comes.length))).toEqual(comes)
    },
  )

  test('a topic of which nothing is kept tells what was missed', async () => {
    await using served = await serve({ topics: { now: { history: false } } })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('now')
    await served.cut(peer)
    await served.publish('now', 3)
    const { peer: next, answer } = await served.resumed(peer, { topics: { now: { epoch, offset: 0 } } })
    expect(answer.topics.now).toMatchObject({ offset: 3, recovered: false, gap: { from: 1, to: 3 } })
    await served.publish('now', 1)
    expect((await next.event()).offset).toBe(4)
  })
})

describe('a long history', () => {
  const LONG = { long: { history: { count: 10_000, bytes: 1 << 24 } } }

  test('comes in pages in its order while more is being published', async () => {
    await using served = await serve({ topics: LONG })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('long')
    await served.cut(peer)
    await served.publish('long', 2000)
    const next = await served.open()
    const racing = [served.publish('long', 300, { first: 2001 })]
    const resuming = next.resume({ token: peer.token, topics: { long: { epoch, offset: 0 } } })
    racing.push(served.publish('long', 300, { first: 2301 }))
    expect((await resuming).topics.long.recovered).toBe(true)
    racing.push(served.publish('long', 300, { first: 2601 }))
    while (next.log.length < 500) await next.settled()
    racing.push(served.publish('long', 300, { first: 2901 }))
    await Promise.all(racing)
    const events = await next.events(3200)
    expect(offsetsOf(events)).toEqual(upTo(3200))
    expect(events.map(({ data }) => data.n)).toEqual(upTo(3200))
    await next.settled()
    expect(next.inbox.size).toBe(0)
  })

  test('is read no faster than a slow reader takes it, however much is published meanwhile', async () => {
    await using served = await serve({ topics: LONG })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('long')
    await served.cut(peer)
    const text = 'x'.repeat(8192)
    const publish = (count: number) =>
      Promise.all(Array.from({ length: count }, () => served.server.publish('long', text)))
    await publish(1600)
    const next = await served.open()
    await next.resume({ token: peer.token, topics: { long: { epoch, offset: 0 } } })
    next.pause()
    for (let round = 0; round < 20; round++) {
      await publish(10)
      const { queuedBytes, overflows, dropped } = await served.server.metrics()
      expect(queuedBytes).toBeLessThan(1 << 17)
      expect([overflows, dropped]).toEqual([{ slow: 0, overflow: 0 }, 0])
    }
    expect(next.log.length).toBeLessThan(1800)
    next.unpause()
    expect(offsetsOf(await next.events(1800))).toEqual(upTo(1800))
  })

  test('may be left again and again before it was read to its end', async () => {
    await using served = await serve({ topics: LONG })
    let peer = await served.client()
    const { epoch } = await peer.subscribe('long')
    await served.cut(peer)
    await served.publish('long', 2000)
    const seen: number[] = []
    while (seen.length < 2000) {
      const before = peer
      peer = await served.open()
      const { topics } = await peer.resume({
        token: before.token,
        topics: { long: { epoch, offset: seen.length } },
      })
      expect(topics.long.recovered).toBe(true)
      seen.push((await peer.event()).offset)
      await peer.cut()
      while (peer.inbox.size > 0) seen.push((await peer.event()).offset)
    }
    expect(seen).toEqual(upTo(2000))
  })
})

describe('a filter', () => {
  test('is no gap: what it held back is told of by the event that came before', async () => {
    await using served = await serve({ topics: { news: { history: { count: 4 } } } })
    const peer = await served.client()
    await peer.subscribe('news', { filter: EVEN })
    const publish = (n: number) => served.server.publish('news', { n }, { attributes: { even: n % 2 === 0 } })
    for (let n = 1; n <= 4; n++) await publish(n)
    const [second, fourth] = await peer.events(2)
    expect([second!.offset, second!.prev]).toEqual([2, 0])
    expect([fourth!.offset, fourth!.prev, fourth!.gap]).toEqual([4, 2, undefined])
    await served.cut(peer)
    for (let n = 5; n <= 8; n++) await publish(n)
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: positionOf(fourth!) } })
    expect(answer.topics.news.recovered).toBe(true)
    expect(answer.subscriptions).toEqual([{ topic: 'news', filter: EVEN }])
    expect((await next.events(2)).map(({ offset, prev }) => [offset, prev])).toEqual([
      [6, 4],
      [8, 6],
    ])
  })

  test('that held back more than is kept does not make a gap of what the client did not want', async () => {
    await using served = await serve({ topics: { news: { history: { count: 2 } } } })
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news', { filter: EVEN })
    for (let n = 0; n < 6; n++) await served.server.publish('news', { n }, { attributes: { even: false } })
    await peer.settled()
    await served.cut(peer)
    const { answer } = await served.resumed(peer, { topics: { news: { epoch, offset: 0 } } })
    expect(answer.topics.news).toMatchObject({ recovered: true, offset: 6, top: 6 })
  })

  test('holds back what a client need not know of, however often it says where it was before', async () => {
    await using served = await serve({ topics: { news: { history: { count: 2 } } } })
    let peer = await served.client()
    const { epoch } = await peer.subscribe('news', { filter: EVEN })
    const publish = (even: boolean) => served.server.publish('news', null, { attributes: { even } })
    for (let held = 3; held <= 9; held += 3) {
      for (let i = 0; i < 3; i++) await publish(false)
      await peer.settled()
      await served.cut(peer)
      const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset: 0 } } })
      expect(answer.topics.news).toMatchObject({ recovered: true, offset: held, top: held })
      peer = next
    }
    await publish(true)
    expect(await peer.event()).toMatchObject({ offset: 10, prev: 0 })
  })
})

describe('a pattern', () => {
  test('brings the topics that were born while the client was away from their beginning', async () => {
    await using served = await serve()
    const peer = await served.client()
    await served.publish('printer.one', 1)
    const { topics } = await peer.subscribe('printer.*')
    expect(topics).toMatchObject({ 'printer.one': { offset: 1 } })
    await served.publish('printer.two', 1)
    const two = await peer.event()
    expect(two).toMatchObject({ topic: 'printer.two', offset: 1 })
    await served.cut(peer)
    await served.publish('printer.one', 1)
    await served.publish('printer.two', 1)
    await served.publish('printer.three', 2)
    await served.publish('scanner.one', 2)
    const { peer: next, answer } = await served.resumed(peer, {
      topics: { 'printer.one': topics['printer.one'], 'printer.two': positionOf(two) },
    })
    expect(answer.topics).toMatchObject({
      'printer.one': { offset: 1, top: 2, recovered: true },
      'printer.two': { offset: 1, top: 2, recovered: true },
      'printer.three': { offset: 0, top: 2, recovered: true },
    })
    expect(Object.keys(answer.topics)).toHaveLength(3)
    const events = (await next.events(4)).map(({ topic, offset }) => `${topic} ${offset}`).sort()
    expect(events).toEqual(['printer.one 2', 'printer.three 1', 'printer.three 2', 'printer.two 2'])
  })
})

describe('an answer that was lost', () => {
  test('of a subscription: resuming tells where the client was put, and nothing since then is lost', async () => {
    await using served = await serve()
    const peer = await served.client()
    await served.publish('news', 2)
    peer.pause()
    void peer.command('system', 'subscribe', { topic: 'news' })
    await served.measured(({ subscriptions }) => subscriptions === 1)
    await served.publish('news', 2)
    await served.cut(peer)
    await served.publish('news', 1)
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.subscriptions).toEqual([{ topic: 'news' }])
    expect(answer.topics.news).toMatchObject({ offset: 2, top: 5, recovered: true })
    expect(offsetsOf(await next.events(3))).toEqual([3, 4, 5])
  })

  test('of a subscription that is then asked for again changes nothing', async () => {
    await using served = await serve()
    const peer = await served.client()
    peer.pause()
    void peer.command('system', 'subscribe', { topic: 'news' })
    await served.measured(({ subscriptions }) => subscriptions === 1)
    await served.cut(peer)
    await served.publish('news', 2)
    const { peer: next } = await served.resumed(peer)
    expect(offsetsOf(await next.events(2))).toEqual([1, 2])
    expect(await next.subscribe('news')).toMatchObject({ offset: 2, recovered: true })
    await served.publish('news', 1)
    expect(offsetsOf(await next.events(1))).toEqual([3])
    await next.settled()
    expect(next.inbox.size).toBe(0)
  })

  test('of a resumption: the same token is good once more, and for as long as no answer came', async () => {
    await using served = await serve()
    const peer = await served.client()
    const { epoch } = await peer.subscribe('news')
    await served.cut(peer)
    await served.publish('news', 2)
    for (let lost = 1; lost <= 2; lost++) {
      const unheard = await served.open()
      unheard.pause()
      void unheard.command('system', 'resume', {
        token: peer.token,
        topics: { news: { epoch, offset: 0 } },
        received: 0,
      })
      await served.measured(({ resumes }) => resumes.recovered === lost)
      await served.cut(unheard)
    }
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: { epoch, offset: 0 } } })
    expect(answer.generation).toBe(4)
    expect(offsetsOf(await next.events(2))).toEqual([1, 2])
  })
})

describe('a resume token', () => {
  test.each(['at hand', 'in the store'])(
    'that two connections use at once is good for one; the session is %s',
    async where => {
      await using served = await serve({ isolation: 'thread', keeper: true })
      const peer = await served.client()
      await peer.subscribe('news')
      if (where === 'in the store') await served.kill()
      else await served.cut(peer)
      const both = [await served.open(), await served.open()]
      const answers = both.map(each => each.command('system', 'resume', { token: peer.token, topics: {} }))
      const closed = await Promise.race(both.map(async (each, i) => ({ i, ...(await each.closed) })))
      expect(closed).toMatchObject({ code: 4001, reason: 'replaced' })
      const other = both[1 - closed.i]!
      expect((await answers[1 - closed.i]!).ok).toBe(true)
      await served.publish('news', 1)
      expect((await other.event()).offset).toBe(1)
      expect((await served.server.metrics()).connections).toBe(1)
    },
  )

  test('that is used after the next one was is theft: the session ends, for both', async () => {
    await using served = await serve()
    const peer = await served.client()
    await served.cut(peer)
    const stolen = peer.token
    const { peer: owner } = await served.resumed(peer)
    await owner.settled()
    const thief = await served.open()
    await expect(thief.resume({ token: stolen })).rejects.toThrow(refusal('session_reused'))
    const ended = { code: 4501, reason: 'session ended' }
    expect(await Promise.all([thief.closed, owner.closed])).toEqual([ended, ended])
    const again = await served.open()
    await expect(again.resume({ token: owner.token })).rejects.toThrow(refusal('session_unknown'))
  }, 8000)

  test.each(APART)(
    'that was stolen brings nothing back once its worker, a %s, was killed',
    async isolation => {
      await using served = await serve({ isolation, keeper: true, session: { save: 60_000 } })
      const peer = await served.client()
      await served.cut(peer)
      const { peer: owner } = await served.resumed(peer)
      await owner.settled()
      const thief = await served.open()
      await expect(thief.resume({ token: peer.token })).rejects.toThrow(refusal('session_reused'))
      await owner.closed
      await served.kill()
      const again = await served.open()
      await expect(again.resume({ token: owner.token })).rejects.toThrow(refusal('session_unknown'))
    },
  )

  test('of a session that the program has ended is no good from then on', async () => {
    await using served = await serve()
    const peer = await served.client()
    expect(await served.server.disconnect({ user: 'ann' }, { end: true })).toBe(1)
    expect((await peer.closed).code).toBe(4501)
    const again = await served.open()
    await expect(again.resume({ token: peer.token })).rejects.toThrow(refusal('session_unknown'))
  })

  test('of another user is refused, and its session lives on', async () => {
    await using served = await serve()
    const peer = await served.client()
    await served.cut(peer)
    const other = await served.open({ key: 'bob' })
    await expect(other.resume({ token: peer.token })).rejects.toThrow(refusal('session_user'))
    expect((await served.resumed(peer)).answer.user).toBe('ann')
  })

  test.each([
    ['of a session that never was', () => `nobody.1.${'A'.repeat(43)}`, 'session_unknown'],
    ['that is none', () => 'nonsense', 'session_unknown'],
    ['with another code', (token: string) => token.replace(/.{4}$/, 'AAAA'), 'token_invalid'],
    ['of a later generation', (token: string) => token.replace('.1.', '.2.'), 'token_invalid'],
  ])('%s is refused, and the session lives on', async (_what, forge, code) => {
    await using served = await serve()
    const peer = await served.client()
    await served.cut(peer)
    const other = await served.open()
    await expect(other.resume({ token: forge(peer.token) })).rejects.toThrow(refusal(code))
    expect((await served.resumed(peer)).answer.generation).toBe(2)
  })

  test('is no good once the time of the session is over', async () => {
    await using served = await serve({ session: { ttl: 1, save: 10 } })
    const peer = await served.client()
    await served.cut(peer)
    await served.measured(({ sessions }) => sessions === 0)
    const other = await served.open()
    const refused = await other.resume({ token: peer.token }).catch(error => error.code)
    expect(['session_expired', 'session_unknown']).toContain(refused)
    await other.connect()
    expect((await served.server.metrics()).sessions).toBe(1)
  })

  test('is refused on a connection that has a session', async () => {
    await using served = await serve()
    const peer = await served.client()
    await served.cut(peer)
    const other = await served.client()
    await expect(other.resume({ token: peer.token })).rejects.toThrow(refusal('bad_value'))
    expect((await served.resumed(peer)).answer.generation).toBe(2)
  })

  test('is refused with a number of events that were never sent', async () => {
    await using served = await serve()
    const peer = await served.client()
    await served.cut(peer)
    const next = await served.open()
    await expect(next.resume({ token: peer.token, received: 1 })).rejects.toThrow(refusal('ack_ahead'))
    expect((await next.resume({ token: peer.token })).received).toBe(0)
  })
})

test('a session has its subscriptions as they were: filter, lane, acknowledgments', async () => {
  await using served = await serve()
  const peer = await served.client()
  await peer.subscribe('filtered', { filter: EVEN })
  await peer.subscribe('urgent.>', { lane: 1 })
  await peer.subscribe('acked', { ack: true })
  await peer.subscribe('dropped')
  await peer.verb('unsubscribe', { topic: 'dropped' })
  await served.cut(peer)
  const { peer: next, answer } = await served.resumed(peer)
  expect(answer.subscriptions).toEqual([
    { topic: 'filtered', filter: EVEN },
    { topic: 'urgent.>', lane: 1 },
    { topic: 'acked', ack: true },
  ])
  await served.publish('acked', 1)
  expect(await next.event()).toMatchObject({ topic: 'acked', ack: true, seq: 1, attempt: 1 })
  expect((await served.server.metrics()).subscriptions).toBe(3)
})
