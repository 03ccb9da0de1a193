import { describe, expect, test } from 'vitest'
import { TestSession } from './support/session.ts'

function connected(...args: ConstructorParameters<typeof TestSession>): TestSession {
  const session = new TestSession(...args)
  session.connect()
  return session
}

describe('delivery', () => {
  test('an event is sent once, and ends when it is acknowledged', () => {
    const session = connected()
    expect(session.publish()).toBe('taken')
    expect(session.flush()).toEqual(['t:1#1'])
    expect(session.ack({ id: 't:1', attempt: 1 })).toBe(undefined)
    expect(session.ends).toEqual([{ id: 't:1', end: 'acked', reason: 'ack' }])
    expect(session.flushFor(100_000)).toEqual([])
    expect([session.delivery.unacked, session.delivery.bytes]).toEqual([0, 0])
  })

  test('one that was offered before is known: a replay that races live events sends nothing twice', () => {
    const session = connected()
    session.publish()
    const event = {
      id: 't:1',
      topic: 't',
      epoch: 'e',
      offset: 1,
      lane: 2,
      bytes: 1,
      strict: false,
      frame: '',
    } as const
    expect(session.delivery.offer(event)).toBe('known')
    expect(session.delivery.offer({ ...event, id: 'x:1', epoch: 'later' })).toBe('taken')
    expect(session.flush()).toEqual(['t:1#1', 'x:1#1'])
  })

  test('without an acknowledgment it is sent again after 5 s and 1, 5, 15, 30 s, and then is a dead letter', () => {
    const session = connected()
    session.publish()
    session.flush()
    expect(session.flushFor(200_000)).toEqual([
      [6000, 't:1#2'],
      [16_000, 't:1#3'],
      [36_000, 't:1#4'],
      [71_000, 't:1#5'],
    ])
    expect(session.ends).toEqual([{ id: 't:1', end: 'dead', reason: 'max_deliver' }])
    expect(session.clock.pending).toBe(0)
  })

  test.each([
    [0, 5800],
    [1, 6200],
  ])('the pause is left to chance by a fifth either way: %s', (random, at) => {
    const session = connected({}, () => random)
    session.publish()
    session.flush()
    expect(session.flushFor(10_000, 100)).toEqual([[at, 't:1#2']])
  })

  test('the wait is four round trips once one was measured, and at least a second', () => {
    const session = connected()
    session.delivery.observeRoundTrip(500)
    session.publish()
    session.flush()
    expect(session.flushFor(3000)).toEqual([[3000, 't:1#2']])
    const near = connected()
    near.delivery.observeRoundTrip(1)
    near.publish()
    near.flush()
    expect(near.flushFor(2000)).toEqual([[2000, 't:1#2']])
  })

  test('what waits in the queue of the connection is not waited for: the time begins when it is written', () => {
    const session = connected()
    session.publish()
    session.clock.advance(100_000)
    expect(session.flush()).toEqual(['t:1#1'])
    expect(session.ends).toEqual([])
  })

  test('a late acknowledgment names its attempt: it counts, is counted, and the sending on its way is not written', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.clock.advance(6000)
    expect(session.delivery.unacked).toBe(1)
    session.write(0)
    expect(session.ack({ id: 't:1', attempt: 1 })).toBe(undefined)
    expect(session.flush()).toEqual([])
    expect(session.ends).toEqual([{ id: 't:1', end: 'acked', reason: 'ack' }])

    const later = connected()
    later.publish()
    later.flush()
    later.clock.advance(6000)
    later.flush()
    later.ack({ id: 't:1', attempt: 1 })
    expect(later.ends).toHaveLength(1)
    expect(later.delivery.counts.lateAcks).toBe(1)
    later.ack({ id: 't:1', attempt: 2 })
    expect(later.ends).toHaveLength(1)
    expect(later.delivery.counts.unknownAcks).toBe(1)
  })

  test('what is queued is written once, and only in its newest sending', () => {
    const session = connected()
    session.publish()
    expect(session.delivery.begin('t:1', 2)).toBe(undefined)
    expect(session.delivery.begin('t:1', 1)).toEqual({ seq: 1, attempt: 1 })
    expect(session.delivery.begin('t:1', 1)).toBe(undefined)
    session.clock.advance(6000)
    expect(session.delivery.begin('t:1', 1)).toBe(undefined)
    expect(session.delivery.begin('t:1', 2)).toEqual({ seq: 1, attempt: 2 })
    expect(session.delivery.begin('none', 1)).toBe(undefined)
  })

  test('an event that is sent again overtakes newer ones that were never written', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.publish()
    session.publish()
    session.clock.advance(6000)
    expect(session.flush()).toEqual(['t:1#2', 't:2#1', 't:3#1'])
  })

  test('the acknowledgment of a repeated event says nothing of the round trip', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.clock.advance(6000)
    session.flush()
    session.clock.advance(4000)
    session.ack({ id: 't:1' })
    session.publish()
    session.flush()
    expect(session.flushFor(6000)).toEqual([[6000, 't:2#2']])
  })

  test('a late refusal of an older attempt does not fail the newer one', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.clock.advance(6000)
    session.flush()
    session.ack({ id: 't:1', attempt: 1, kind: 'nak', delay: 0 })
    expect(session.flushFor(1000)).toEqual([])
  })

  test('an acknowledgment larger than what was sent is refused, and nothing of it is heeded', () => {
    const session = connected({ window: 2 })
    for (let i = 0; i < 3; i++) session.publish()
    session.write(1)
    session.arrive()
    expect(session.ack({ upto: 3 })).toBe('ack_ahead')
    expect(session.ack({ upto: 2 })).toBe('ack_ahead')
    expect(session.ack({ id: 't:1', attempt: 2 })).toBe('ack_ahead')
    expect(session.ack({ id: 't:2' })).toBe('ack_ahead')
    expect(session.ack({ ids: ['t:1', 't:2'] })).toBe('ack_ahead')
    expect(session.ends).toEqual([])
    expect(session.ack({ upto: 1 })).toBe(undefined)
    expect(session.ends.map(({ id }) => id)).toEqual(['t:1'])
    session.flush()
    expect(session.ack({ upto: 4 })).toBe('ack_ahead')
    expect(session.ack({ upto: 3 })).toBe(undefined)
    expect(session.delivery.unacked).toBe(0)
  })

  test('acknowledges up to a number, and by a list of ids', () => {
    const session = connected()
    for (let i = 0; i < 6; i++) session.publish()
    session.flush()
    session.ack({ upto: 3 })
    session.ack({ ids: ['t:5', 't:6', 'none', 't:1'] })
    expect(session.ends.map(({ id }) => id)).toEqual(['t:1', 't:2', 't:3', 't:5', 't:6'])
    expect(session.delivery.counts).toMatchObject({ acked: 5, unknownAcks: 2 })
  })

  test('nak sends again after the pause it names, or the usual one, and fails for good as often as silence does', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.ack({ id: 't:1', kind: 'nak', delay: 20_000 })
    expect(session.flushFor(20_000)).toEqual([[20_000, 't:1#2']])
    session.ack({ id: 't:1', kind: 'nak' })
    expect(session.flushFor(5000)).toEqual([[5000, 't:1#3']])
    for (let i = 0; i < 3; i++) {
      session.ack({ id: 't:1', kind: 'nak', delay: 0 })
      session.clock.advance(0)
      session.flush()
    }
    expect(session.ends).toEqual([{ id: 't:1', end: 'dead', reason: 'max_deliver' }])
  })

  test('a nak that is repeated fails once', () => {
    const session = connected()
    session.publish()
    session.flush()
    for (let i = 0; i < 10; i++) session.ack({ id: 't:1', kind: 'nak', delay: 1000 })
    expect(session.ends).toEqual([])
    expect(session.flushFor(1000)).toEqual([[1000, 't:1#2']])
  })

  test('progress begins the wait anew; term ends it', () => {
    const session = connected()
    session.publish()
    session.flush()
    for (let i = 0; i < 10; i++) {
      expect(session.flushFor(4500)).toEqual([])
      session.ack({ id: 't:1', kind: 'progress' })
    }
    session.ack({ id: 't:1', kind: 'term' })
    expect(session.ends).toEqual([{ id: 't:1', end: 'dead', reason: 'term' }])
    expect(session.flushFor(100_000)).toEqual([])
  })

  test('progress calls back a sending that is queued, and it keeps its number', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.clock.advance(6000)
    session.ack({ id: 't:1', kind: 'progress' })
    expect(session.flush()).toEqual([])
    expect(session.flushFor(10_000)).toEqual([[10_000, 't:1#2']])
  })

  test('progress calls back a sending that waits for its turn', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.clock.advance(5500)
    session.ack({ id: 't:1', kind: 'progress' })
    expect(session.flushFor(5500)).toEqual([])
  })
})

describe('the window', () => {
  test('no more are unacknowledged than it lets be; each acknowledgment makes room', () => {
    const session = connected({ window: 2 })
    for (let i = 0; i < 4; i++) session.publish()
    expect(session.flush()).toEqual(['t:1#1', 't:2#1'])
    expect([session.delivery.unacked, session.delivery.pending]).toEqual([2, 2])
    session.ack({ id: 't:2' })
    expect(session.flush()).toEqual(['t:3#1'])
  })

  test('bounds bytes too, but lets any one event through', () => {
    const session = connected({ windowBytes: 10 })
    for (let i = 0; i < 3; i++) session.publish('t', { bytes: 15 })
    expect(session.flush()).toEqual(['t:1#1'])
    session.ack({ id: 't:1' })
    expect(session.flush()).toEqual(['t:2#1'])
  })

  test('of a strict topic one event is out at a time; other topics go on', () => {
    const session = connected()
    for (let i = 0; i < 3; i++) session.publish('s', { strict: true })
    session.publish('t')
    session.publish('t')
    expect(session.flush()).toEqual(['s:1#1', 't:1#1', 't:2#1'])
    session.ack({ id: 's:1' })
    expect(session.flush()).toEqual(['s:2#1'])
    session.ack({ id: 's:2', kind: 'term' })
    expect(session.flush()).toEqual(['s:3#1'])
  })

  test('high goes before normal and bulk where both wait, and bulk does not starve', () => {
    const session = connected({ window: 1 })
    session.publish('x')
    for (let i = 0; i < 40; i++) session.publish('high', { lane: 1 })
    session.publish('bulk', { lane: 3 })
    const order: string[] = []
    for (let i = 0; i < 42; i++) {
      session.flush()
      const { id, topic } = session.arrivals.at(-1)!
      order.push(topic)
      session.ack({ id })
    }
    expect(order.slice(1, 10)).toEqual(Array(9).fill('high'))
    expect(order.indexOf('bulk')).toBeLessThan(20)
  })

  test('a full lane refuses, and goes on refusing, until there is another connection', () => {
    const session = connected({ window: 1, pendingBytes: [10, 10, 10, 10] })
    session.publish('t', { bytes: 5 })
    expect(session.delivery.room(2)).toBe(10)
    for (let i = 0; i < 2; i++) expect(session.publish('t', { bytes: 5 })).toBe('taken')
    expect(session.publish('t', { bytes: 5 })).toBe('refused')
    session.flush()
    session.ack({ id: 't:1' })
    expect(session.publish('t', { bytes: 1 })).toBe('refused')
    expect(session.publish('other', { lane: 1 })).toBe('taken')
    expect(session.delivery.acceptedUpTo('t')).toEqual({ epoch: 'e', offset: 3 })
    session.connect()
    expect(session.publish('t', { bytes: 5 })).toBe('taken')
  })

  test('a full bulk lane drops its oldest, which becomes a dead letter', () => {
    const session = connected({ window: 1, pendingBytes: [10, 10, 10, 10] })
    for (let i = 0; i < 4; i++) session.publish('t', { lane: 3, bytes: 5 })
    expect(session.ends).toEqual([{ id: 't:2', end: 'dead', reason: 'overflow' }])
    for (let i = 0; i < 4; i++) session.publish('s', { lane: 3, bytes: 5, strict: true })
    expect(session.ends.map(({ id }) => id)).toEqual(['t:2', 't:3', 't:4', 's:1', 's:2'])
    expect(session.publish('t', { lane: 3, bytes: 11 })).toBe('refused')
    const rest: string[] = []
    for (let i = 0; i < 3; i++) {
      rest.push(...session.flush())
      session.ack({ id: session.arrivals.at(-1)!.id })
    }
    expect(rest).toEqual(['t:1#1', 's:3#1', 's:4#1'])
  })

  test('what waits in one lane does not give way to another', () => {
    const session = connected({ pendingBytes: [10, 10, 10, 10] })
    for (let i = 0; i < 3; i++) session.publish('normal', { lane: 2, bytes: 5, strict: true })
    for (let i = 0; i < 4; i++) session.publish('bulk', { lane: 3, bytes: 5, strict: true })
    expect(session.ends).toEqual([{ id: 'bulk:2', end: 'dead', reason: 'overflow' }])
    expect(session.publish('normal', { lane: 2, strict: true })).toBe('refused')
  })
})

describe('connections', () => {
  test('what was not acknowledged is sent again at once, in its order, ahead of what was never sent', () => {
    const session = connected({ window: 3 })
    for (let i = 0; i < 5; i++) session.publish()
    session.write(2)
    session.cut()
    session.publish()
    expect(session.delivery.pending).toBe(3)
    session.connect()
    expect(session.flush()).toEqual(['t:1#2', 't:2#2', 't:3#1'])
    session.ack({ upto: 3 })
    expect(session.flush()).toEqual(['t:4#1', 't:5#1', 't:6#1'])
  })

  test('no timer runs without a connection, and a connection that is lost is no failure of delivery', () => {
    const session = connected()
    session.publish()
    for (let i = 0; i < 50; i++) {
      session.flush()
      session.cut()
      expect(session.clock.pending).toBe(0)
      session.clock.advance(100_000)
      session.connect()
    }
    expect(session.ends).toEqual([])
    expect(session.flush()).toEqual(['t:1#51'])
    session.ack({ id: 't:1', attempt: 50 })
    expect(session.ends).toEqual([{ id: 't:1', end: 'acked', reason: 'ack' }])
  })

  test('what the client says it has is not sent again, but still waited for', () => {
    const session = connected()
    for (let i = 0; i < 3; i++) session.publish()
    session.flush()
    session.cut()
    session.connect(2)
    expect(session.flush()).toEqual(['t:3#2'])
    expect(session.flushFor(6000)).toContainEqual([6000, 't:1#2'])
  })

  test('what the client cannot have is sent, whatever it says it has', () => {
    const session = connected()
    session.publish()
    session.connect(99)
    expect(session.flush()).toEqual(['t:1#1'])
  })

  test('a pause the client asked for lasts over a reconnection', () => {
    const session = connected()
    session.publish()
    session.flush()
    session.ack({ id: 't:1', kind: 'nak', delay: 20_000 })
    session.cut()
    session.clock.advance(10_000)
    session.connect()
    expect(session.flush()).toEqual([])
    expect(session.flushFor(10_000)).toEqual([[10_000, 't:1#2']])
  })

  test('another worker takes on all of it', () => {
    const session = connected({ window: 2 })
    for (let i = 0; i < 3; i++) session.publish()
    session.publish('s', { strict: true })
    session.flush()
    session.ack({ id: 't:1' })
    session.flush()
    session.restart()
    expect([session.delivery.unacked, session.delivery.pending, session.delivery.lastSeq]).toEqual([2, 1, 3])
    expect(session.delivery.bytes).toBe(3)
    session.connect()
    expect(session.flush()).toEqual(['t:2#2', 't:3#2'])
    session.ack({ ids: ['t:2', 't:3'] })
    expect(session.flush()).toEqual(['s:1#1'])
    session.publish('s', { strict: true })
    session.restart()
    session.connect()
    expect(session.flush()).toEqual(['s:1#2'])
    session.ack({ id: 's:1' })
    expect(session.flush()).toEqual(['s:2#1'])
    expect(session.publish('t')).toBe('taken')
    expect(session.delivery.acceptedUpTo('t')).toEqual({ epoch: 'e', offset: 4 })
  })

  test('the end of the session ends all, once, and nothing more is sent', () => {
    const session = connected({ window: 1 })
    for (let i = 0; i < 3; i++) session.publish()
    session.flush()
    session.delivery.expire()
    expect(session.ends).toEqual(['t:1', 't:2', 't:3'].map(id => ({ id, end: 'expired', reason: 'session' })))
    expect([session.delivery.bytes, session.delivery.unacked, session.clock.pending]).toEqual([0, 0, 0])
    session.ack({ id: 't:1' })
    expect(session.ends).toHaveLength(3)
  })

  test('a topic that is no longer wanted ends, and makes room for the others', () => {
    const session = connected({ window: 2 })
    for (let i = 0; i < 3; i++) session.publish('s', { strict: true })
    session.publish('t')
    session.publish('t')
    session.flush()
    session.delivery.forget('s')
    expect(session.ends.map(({ id, reason }) => [id, reason])).toEqual([
      ['s:1', 'unsubscribed'],
      ['s:2', 'unsubscribed'],
      ['s:3', 'unsubscribed'],
    ])
    expect(session.flush()).toEqual(['t:2#1'])
  })

  test('what the queue of the connection drops is a dead letter, and makes room', () => {
    const session = connected({ window: 1 })
    session.publish('t', { lane: 3 })
    session.publish('t', { lane: 3 })
    session.delivery.dropped('t:1')
    session.delivery.dropped('none')
    expect(session.ends).toEqual([{ id: 't:1', end: 'dead', reason: 'overflow' }])
    expect(session.flush()).toEqual(['t:2#1'])
  })
})
