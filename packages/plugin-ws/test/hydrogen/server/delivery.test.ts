/** Events that are acknowledged: each is, or is given up and the program told, whatever becomes of the connection. */
import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '../../../src/index.ts'
import { Inbox, ISOLATIONS } from '../../support/kernel.ts'
import { type HydrogenPeer, type Message, offsetsOf } from '../support/peer.ts'
import { serve } from '../support/server.ts'
import { slowReader } from '../support/slow-reader.ts'

const TOPICS = { 'acked.>': { ack: true }, 'strict.>': { ack: true, strict: true } }
/** Sent again at once. */
const QUICK = { ackWait: 0.02, minAckWait: 0.02, backoff: [0.01], jitter: 0 }
/** Sent again when the client asks for it. */
const PATIENT = { ackWait: 3600, minAckWait: 3600, maxAckWait: 3600 }

const serving = (delivery: object, more: object = {}) =>
  serve({ topics: TOPICS, limits: { delivery }, ...more })

const sendings = (events: readonly Message[]): string[] =>
  events.map(({ offset, attempt }) => `${offset}#${attempt}`)

/** A server whose dead letters are collected. */
async function mourning(delivery: object) {
  const letters = new Inbox<DeadLetter>()
  const served = await serving(delivery, { observers: { deadLetter: letters.put } })
  return Object.assign(served, { letters })
}

async function subscribed(served: Awaited<ReturnType<typeof serve>>, topic: string, key = 'ann') {
  const peer = await served.client({ key })
  await peer.subscribe(topic)
  return peer
}

async function acknowledging(peer: HydrogenPeer, count: number): Promise<Message[]> {
  const events: Message[] = []
  while (events.length < count) {
    events.push(await peer.event())
    peer.ack(events.at(-1)!)
  }
  return events
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('an event that is not acknowledged in time comes again, under its id and number, until it is', async () => {
    await using served = await serving({ ...QUICK, maxDeliver: 1000 }, { isolation })
    const peer = await subscribed(served, 'acked.a')
    const published = await served.server.publish('acked.a', { n: 1 })
    const events = await peer.events(3)
    const { id, offset, epoch } = published
    const same = { id, offset, epoch, topic: 'acked.a', ack: true, seq: 1, data: { n: 1 } }
    expect(events).toMatchObject([
      { ...same, attempt: 1 },
      { ...same, attempt: 2 },
      { ...same, attempt: 3 },
    ])
    peer.ack(events[2]!)
    const { acked, redelivered, dead } = await served.measured(({ unacked }) => unacked === 0)
    expect([acked, dead]).toEqual([1, 0])
    expect(redelivered).toBeGreaterThanOrEqual(2)
  })

  test('publishing resolves when all who were there have acknowledged, also over another connection', async () => {
    await using served = await serving(PATIENT, { isolation })
    const ann = await subscribed(served, 'acked.a')
    const bob = await subscribed(served, 'acked.a', 'bob')
    let settled = false
    const publishing = served.server.publish('acked.a', 1, { confirm: 'all' }).finally(() => (settled = true))
    ann.ack(await ann.event())
    const first = await bob.event()
    await served.measured(({ acked }) => acked === 1)
    await served.cut(bob)
    const { peer: next } = await served.resumed(bob, {}, { key: 'bob' })
    const again = await next.event()
    expect(again).toMatchObject({ id: first.id, seq: first.seq, attempt: 2 })
    expect(settled).toBe(false)
    next.ack(again)
    expect(await publishing).toMatchObject({ matched: 2, queued: 2, confirmed: 2 })
  })
})

describe('an acknowledgment', () => {
  test('names one event, some, or all up to a number', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 8)
    const events = await peer.events(8)
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    peer.ack(events[3]!)
    await served.measured(({ acked }) => acked === 1)
    peer.say({ type: 'ack', ids: [events[5]!.id, events[7]!.id] })
    await served.measured(({ acked }) => acked === 3)
    peer.say({ type: 'ack', upto: 5 })
    await served.measured(({ acked }) => acked === 7)
    await served.cut(peer)
    const { peer: next } = await served.resumed(peer)
    expect(sendings([await next.event()])).toEqual(['7#2'])
    await next.settled()
    expect(next.inbox.size).toBe(0)
  })

  test('that is late ends the event all the same, and is counted', async () => {
    await using served = await serving({ ...QUICK, maxDeliver: 1000 })
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 1)
    const [first] = await peer.events(2)
    expect(first!.attempt).toBe(1)
    peer.ack(first!)
    expect(await served.measured(({ unacked }) => unacked === 0)).toMatchObject({ acked: 1, lateAcks: 1 })
  })

  test('that is repeated, or of what ended long ago, changes nothing', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 1)
    const event = await peer.event()
    for (let i = 0; i < 3; i++) peer.ack(event)
    peer.ack({ id: 'of-nothing', attempt: 1 })
    peer.say({ type: 'ack', upto: 1 })
    await peer.settled()
    expect(await served.server.metrics()).toMatchObject({ acked: 1, lateAcks: 0, errors: {} })
    expect(peer.responses.size).toBe(0)
  })

  test.each([
    ['all up to a number that was not given yet', { upto: 2 }],
    ['a sending that was not made yet', { attempt: 2 }],
  ])('of %s is refused, and nothing of it is heeded', async (_what, ahead) => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 1)
    const { id } = await peer.event()
    peer.say({ type: 'ack', ...('attempt' in ahead && { id }), ...ahead })
    expect(await peer.responses.next()).toMatchObject({ ok: false, error: { reason: 'ack_ahead' } })
    expect(await served.server.metrics()).toMatchObject({ acked: 0, unacked: 1 })
    peer.ack({ id, attempt: 1 })
    await served.measured(({ acked }) => acked === 1)
  })

  test('of a session that was never sent anything is refused', async () => {
    await using served = await serving(PATIENT)
    const peer = await served.client()
    peer.say({ type: 'ack', upto: 1 })
    expect((await peer.responses.next()).error.reason).toBe('ack_ahead')
  })
})

describe('a client may', () => {
  test('refuse an event for now: it comes again when it wants it, ahead of those that wait', async () => {
    await using served = await serving({ ...PATIENT, window: 2 })
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 3)
    const [first, second] = await peer.events(2)
    peer.ack(first!, { kind: 'nak', delay: 1 })
    const again = await peer.event()
    expect(sendings([again])).toEqual(['1#2'])
    peer.ack(second!)
    peer.ack(again)
    expect(sendings([await peer.event()])).toEqual(['3#1'])
  })

  test('refuse it without a word on when: it comes again after the usual pause', async () => {
    await using served = await serving({ ...PATIENT, backoff: [0.005], jitter: 0 })
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 1)
    peer.ack(await peer.event(), { kind: 'nak' })
    expect(sendings([await peer.event()])).toEqual(['1#2'])
  })

  test('refuse it for longer than the connection lasts', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 2)
    const [first] = await peer.events(2)
    peer.ack(first!, { kind: 'nak', delay: 3_600_000 })
    await peer.settled()
    await served.cut(peer)
    const { peer: next } = await served.resumed(peer)
    expect(sendings([await next.event()])).toEqual(['2#2'])
    await next.settled()
    expect(next.inbox.size).toBe(0)
  })

  test('say that it is still at it: the event does not come again meanwhile', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 2)
    const [first, second] = await peer.events(2)
    peer.ack(first!, { kind: 'nak', delay: 20 })
    peer.ack(second!, { kind: 'nak', delay: 40 })
    peer.ack(first!, { kind: 'progress' })
    expect(sendings([await peer.event()])).toEqual(['2#2'])
    expect(peer.inbox.size).toBe(0)
  })

  test('say that it never wants it again: the program is told', async () => {
    await using served = await mourning(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    const { id } = await served.server.publish('acked.a', 1)
    peer.ack(await peer.event(), { kind: 'term' })
    expect(await served.letters.next()).toEqual({
      id,
      topic: 'acked.a',
      offset: 1,
      user: 'ann',
      session: expect.any(String),
      reason: 'term',
      attempts: 1,
    })
    expect(await served.server.metrics()).toMatchObject({ dead: 1, unacked: 0 })
  })
})

describe('an event is given up, and the program told,', () => {
  test('when it was sent too often in vain', async () => {
    await using served = await mourning({ ...QUICK, maxDeliver: 3 })
    const peer = await subscribed(served, 'acked.a')
    const { id } = await served.server.publish('acked.a', 1)
    expect(await served.letters.next()).toMatchObject({ id, reason: 'max_deliver', attempts: 3, user: 'ann' })
    expect(sendings(await peer.events(3))).toEqual(['1#1', '1#2', '1#3'])
    peer.ack({ id, attempt: 3 })
    await peer.settled()
    expect([peer.inbox.size, peer.responses.size]).toEqual([0, 0])
    expect(await served.server.metrics()).toMatchObject({ dead: 1, acked: 0, redelivered: 2 })
  })

  test('but not because connections were lost', async () => {
    await using served = await mourning({ ...PATIENT, maxDeliver: 2 })
    let peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 1)
    expect((await peer.event()).attempt).toBe(1)
    for (let attempt = 2; attempt < 8; attempt++) {
      await served.cut(peer)
      peer = (await served.resumed(peer)).peer
      expect((await peer.event()).attempt).toBe(attempt)
    }
    peer.ack({ ...peer.log.at(-1)! })
    expect(await served.measured(({ unacked }) => unacked === 0)).toMatchObject({ acked: 1, dead: 0 })
    expect(served.letters.size).toBe(0)
  })

  test('when the session ends, or the topic is unsubscribed from, before', async () => {
    await using served = await mourning(PATIENT)
    const ann = await subscribed(served, 'acked.a')
    const bob = await subscribed(served, 'acked.a', 'bob')
    await served.publish('acked.a', 1)
    await Promise.all([ann.event(), bob.event()])
    await ann.verb('unsubscribe', { topic: 'acked.a' })
    expect(await served.letters.next()).toMatchObject({ user: 'ann', reason: 'unsubscribed' })
    await served.server.disconnect({ user: 'bob' }, { end: true })
    expect(await served.letters.next()).toMatchObject({ user: 'bob', reason: 'session' })
    expect(await served.server.metrics()).toMatchObject({ expired: 2, unacked: 0 })
  })
})

describe('the window', () => {
  test('holds back a session that does not acknowledge, and no other', async () => {
    await using served = await serving({ ...PATIENT, window: 4 })
    const ann = await subscribed(served, 'acked.a')
    const bob = await subscribed(served, 'acked.a', 'bob')
    await ann.subscribe('plain')
    await served.publish('acked.a', 20)
    expect(offsetsOf(await acknowledging(bob, 20))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    await served.publish('plain', 1)
    const events = await ann.events(5)
    expect(events.map(({ topic, offset }) => `${topic} ${offset}`)).toEqual([
      'acked.a 1',
      'acked.a 2',
      'acked.a 3',
      'acked.a 4',
      'plain 1',
    ])
    expect((await served.measured(({ acked }) => acked === 20)).unacked).toBe(20)
    ann.ack(events[0]!)
    expect((await ann.event()).offset).toBe(5)
    ann.say({ type: 'ack', upto: 5 })
    expect(offsetsOf(await acknowledging(ann, 15))).toEqual(Array.from({ length: 15 }, (_, i) => i + 6))
    await served.measured(({ unacked }) => unacked === 0)
  })

  test('is not passed over another connection: what was given out comes first, in its order', async () => {
    await using served = await serving({ ...PATIENT, window: 3 })
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 6)
    await peer.events(3)
    await served.cut(peer)
    await served.publish('acked.a', 2, { first: 7 })
    const { peer: next } = await served.resumed(peer)
    expect(sendings(await acknowledging(next, 8))).toEqual([
      '1#2',
      '2#2',
      '3#2',
      ...[4, 5, 6, 7, 8].map(offset => `${offset}#1`),
    ])
  })

  test('of a strict topic is one event, whatever else there is', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'strict.a')
    await peer.subscribe('acked.a')
    await served.publish('strict.a', 3)
    await served.publish('acked.a', 2)
    const [one, ...others] = await peer.events(3)
    expect(one).toMatchObject({ topic: 'strict.a', offset: 1 })
    expect(others.map(({ topic }) => topic)).toEqual(['acked.a', 'acked.a'])
    peer.ack(one!, { kind: 'nak', delay: 1 })
    const again = await peer.event()
    expect(sendings([again])).toEqual(['1#2'])
    peer.ack(again)
    expect(sendings(await acknowledging(peer, 2))).toEqual(['2#1', '3#1'])
  })
})

describe('what a client has seen', () => {
  test('is not sent again over another connection where it says so, and still is to be acknowledged', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 3)
    const events = await peer.events(2)
    await served.cut(peer)
    const { peer: next, answer } = await served.resumed(peer, { received: events[1]!.seq })
    expect(answer.received).toBe(2)
    expect(sendings([await next.event()])).toEqual(['3#2'])
    expect((await served.server.metrics()).unacked).toBe(3)
    next.say({ type: 'ack', upto: 3 })
    expect((await served.measured(({ unacked }) => unacked === 0)).acked).toBe(3)
  })

  test('does not include what has lower numbers, was overtaken on its way, and was lost', async () => {
    await using served = await serve({
      topics: {
        bulk: { lane: 'bulk', history: false },
        slow: { ack: true, lane: 'bulk' },
        urgent: { ack: true, lane: 'high' },
      },
      limits: { highWater: 1024, delivery: PATIENT },
    })
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    for (const topic of ['bulk', 'slow', 'urgent']) await peer.subscribe(topic)
    wire.pause()
    do await served.server.publish('bulk', 'x'.repeat(16_384))
    while ((await served.server.metrics()).queuedBytes < 65_536)
    await served.publish('slow', 2)
    await served.publish('urgent', 1)
    wire.resume()
    const order: string[] = []
    while (order.length < 3) {
      const { topic, seq } = await peer.event()
      if (seq !== undefined) order.push(`${topic} ${seq}`)
    }
    expect(order).toEqual(['urgent 3', 'slow 1', 'slow 2'])
    await served.cut(peer)
    // As if the connection had been lost before the last two.
    const { peer: next } = await served.resumed(peer, { received: 3 })
    await served.publish('slow', 1)
    expect(sendings(await next.events(3))).toEqual(['1#2', '2#2', '3#1'])
  })

  test('and is sent again all the same is known by its id', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 3)
    const before = await peer.events(3)
    await served.cut(peer)
    const { peer: next } = await served.resumed(peer)
    const after = await next.events(3)
    expect(after.map(({ id, seq, offset }) => [id, seq, offset])).toEqual(
      before.map(({ id, seq, offset }) => [id, seq, offset]),
    )
    expect(after.every(({ attempt }) => attempt === 2)).toBe(true)
  })

  test('and acknowledged just before the connection was lost is not sent again', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 50)
    const events = await acknowledging(peer, 50)
    expect(new Set(events.map(({ id }) => id)).size).toBe(50)
    peer.socket.close()
    await peer.closed
    const { peer: next } = await served.resumed(peer)
    await served.publish('acked.a', 1)
    expect(sendings([await next.event()])).toEqual(['51#1'])
  })
})

describe('publishing', () => {
  test('waits for as many acknowledgments as it is told to', async () => {
    await using served = await serving(PATIENT)
    const ann = await subscribed(served, 'acked.a')
    const bob = await subscribed(served, 'acked.a', 'bob')
    const cid = await subscribed(served, 'acked.a', 'bob')
    const any = served.server.publish('acked.a', 1, { confirm: 'any' })
    const two = served.server.publish('acked.a', 2, { confirm: 2 })
    await acknowledging(ann, 2)
    expect(await any).toMatchObject({ matched: 3, confirmed: 1 })
    await Promise.all([bob.events(2), cid.event()])
    bob.say({ type: 'ack', upto: 2 })
    expect(await two).toMatchObject({ matched: 3, confirmed: 2 })
  })

  test('resolves with how many there were when it takes too long, or no more can come', async () => {
    await using served = await serving(PATIENT)
    const ann = await subscribed(served, 'acked.a')
    const bob = await subscribed(served, 'acked.a', 'bob')
    const late = served.server.publish('acked.a', 1, { confirm: 'all', timeout: 20 })
    ann.ack(await ann.event())
    expect((await late).confirmed).toBe(1)
    const ended = served.server.publish('acked.a', 2, { confirm: 'all' })
    ann.ack(await ann.event())
    bob.ack((await bob.events(2))[1]!, { kind: 'term' })
    expect(await ended).toMatchObject({ matched: 2, confirmed: 1 })
    expect(await served.server.publish('acked.nobody', 1, { confirm: 'all' })).toMatchObject({ confirmed: 0 })
  })

  test('on a topic without acknowledgments asks for them where one is wanted', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'plain')
    await served.publish('plain', 1)
    await served.publish('plain', 1, { ack: true })
    await served.publish('plain', 1)
    const events = await peer.events(3)
    expect(events.map(({ ack, seq }) => [ack, seq])).toEqual([
      [undefined, undefined],
      [true, 1],
      [undefined, undefined],
    ])
    expect(offsetsOf(events)).toEqual([1, 2, 3])
    await served.cut(peer)
    const { epoch, offset } = events[2]!
    const { peer: next } = await served.resumed(peer, { topics: { plain: { epoch, offset } } })
    expect(sendings([await next.event()])).toEqual(['2#2'])
  })

  test('under a key happens once, and says where', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'acked.a')
    const first = await served.server.publish('acked.a', 1, { key: 'k' })
    const again = await served.server.publish('acked.a', 1, { key: 'k' })
    expect(again).toMatchObject({ duplicate: true, offset: first.offset, epoch: first.epoch, matched: 0 })
    await served.publish('acked.a', 1)
    expect(offsetsOf(await peer.events(2))).toEqual([1, 2])
  })
})

describe('a subscription', () => {
  test('that was away gets all that was published, to acknowledge it', async () => {
    await using served = await serving({ ...PATIENT, window: 4 })
    const peer = await subscribed(served, 'acked.a')
    await served.publish('acked.a', 1)
    await peer.event()
    await served.cut(peer)
    await served.publish('acked.a', 300, { first: 2 })
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.topics['acked.a']).toMatchObject({ offset: 1, top: 301, recovered: true })
    const events = await acknowledging(next, 301)
    expect(offsetsOf(events)).toEqual(Array.from({ length: 301 }, (_, i) => i + 1))
    expect(events.map(({ seq }) => seq)).toEqual(offsetsOf(events))
  })

  test('that was away for too long is told what is missing, and gets what there is', async () => {
    await using served = await serve({
      topics: { acked: { ack: true, history: { count: 3 } } },
      limits: { delivery: PATIENT },
    })
    const peer = await subscribed(served, 'acked')
    await served.publish('acked', 2)
    await peer.events(2)
    await served.cut(peer)
    await served.publish('acked', 8)
    const { peer: next, answer } = await served.resumed(peer)
    expect(answer.topics.acked).toMatchObject({
      top: 10,
      recovered: false,
      reason: 'gap',
      gap: { from: 3, to: 7 },
    })
    const [first, second, gap, ...rest] = await acknowledging(next, 6)
    expect(sendings([first!, second!])).toEqual(['1#2', '2#2'])
    expect(gap).toMatchObject({ action: 'gap', topic: 'acked', gap: { from: 3, to: 7 }, ack: true })
    expect(sendings(rest)).toEqual(['8#1', '9#1', '10#1'])
    await served.measured(({ unacked }) => unacked === 0)
  })

  test('may be asked for with and without acknowledgments in turn: no event comes twice, none is left out', async () => {
    await using served = await serving(PATIENT)
    const peer = await subscribed(served, 'plain')
    const wants = [false, true, false, true]
    const events: Message[] = []
    for (const [i, ack] of wants.entries()) {
      const { offset, recovered } = await peer.subscribe('plain', { ack })
      expect([offset, recovered]).toEqual([3 * i, true])
      await served.publish('plain', 3)
      events.push(...(await peer.events(3)))
      if (ack) for (const event of events.slice(-3)) peer.ack(event)
    }
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
    expect(offsetsOf(events)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    expect(events.map(({ ack = false }) => ack)).toEqual(wants.flatMap(ack => [ack, ack, ack]))
    expect(await served.server.metrics()).toMatchObject({ acked: 6, unacked: 0 })
  })
})
