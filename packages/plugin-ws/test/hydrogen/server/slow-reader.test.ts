/** Readers that are too slow for what they asked for: nobody else notices, and each learns exactly what it missed. */
import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '../../../src/index.ts'
import { Inbox } from '../../support/kernel.ts'
import { type Message, offsetsOf, positionOf } from '../support/peer.ts'
import { type Serving, serve } from '../support/server.ts'
import { slowReader } from '../support/slow-reader.ts'

const TEXT = 'x'.repeat(16 * 1024)
const LANE = 128 * 1024
const LANES = { high: { bytes: LANE }, normal: { bytes: LANE }, bulk: { bytes: LANE } }
const HISTORY = { count: 10_000, bytes: 1 << 26 }
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)

/** Publishes until the counters are as they are wanted; how many that took. */
async function publishUntil(
  served: Serving,
  topic: string,
  wanted: (metrics: Awaited<ReturnType<Serving['server']['metrics']>>) => boolean,
): Promise<number> {
  for (let count = 1; ; count++) {
    await served.server.publish(topic, TEXT)
    if (wanted(await served.server.metrics())) return count
  }
}

/** Offsets that came or were said to be missing, in their order. */
function accounted(events: readonly Message[]): { offsets: number[]; missing: number } {
  const offsets: number[] = []
  let missing = 0
  for (const { offset, gap } of events) {
    if (gap !== undefined)
      for (let at = gap.from; at <= gap.to; at++) {
        missing++
        offsets.push(at)
      }
    if (offset !== undefined) offsets.push(offset)
  }
  return { offsets, missing }
}

describe('a reader that is too slow', () => {
  test('for bulk loses the oldest of it and is told exactly which; its connection lasts', async () => {
    await using served = await serve({
      topics: { bulk: { lane: 'bulk', history: false } },
      limits: { lanes: LANES },
    })
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    wire.pause()
    const count = await publishUntil(served, 'bulk', ({ dropped }) => dropped >= 40)
    expect((await served.server.metrics()).queuedBytes).toBeLessThanOrEqual(LANE)
    wire.resume()
    const events: Message[] = []
    do events.push(await peer.event())
    while (events.at(-1)!.offset !== count)
    const { offsets, missing } = accounted(events)
    expect(offsets).toEqual(upTo(count))
    expect(missing).toBe(40)
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
  })

  test('for bulk is told of what was dropped also where nothing comes after it', async () => {
    await using served = await serve({
      topics: { bulk: { lane: 'bulk', history: false }, other: { lane: 'bulk', history: false } },
      limits: { lanes: LANES },
    })
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    await peer.subscribe('other')
    wire.pause()
    await publishUntil(served, 'other', ({ queuedBytes }) => queuedBytes > 0)
    for (let i = 0; i < 2; i++) await served.server.publish('bulk', TEXT)
    await publishUntil(served, 'other', ({ dropped }) => dropped >= 20)
    wire.resume()
    const events: Message[] = []
    while (!events.some(({ topic, gap }) => topic === 'bulk' && gap)) events.push(await peer.event())
    const { offset, gap, ...notice } = events.at(-1)!
    expect(notice).toMatchObject({ channel: 'system', action: 'gap', topic: 'bulk' })
    expect([offset, gap]).toEqual([undefined, { from: 1, to: 2 }])
  })

  test.each([
    ['normal', 4008, 'slow'],
    ['high', 4009, 'overflow'],
  ] as const)('for the lane %s is closed with %i, comes back and misses nothing', async (lane, code, why) => {
    await using served = await serve({
      topics: { news: { lane, history: HISTORY } },
      limits: { lanes: LANES },
    })
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('news')
    wire.pause()
    const count = await publishUntil(served, 'news', ({ overflows }) => overflows[why] === 1)
    const { queuedBytes, connections } = await served.server.metrics()
    expect([queuedBytes, connections]).toEqual([0, 0])
    wire.resume()
    expect(await peer.closed).toEqual({ code, reason: why })
    await served.publish('news', 3)
    const seen: number[] = []
    let last: Message | undefined
    while (peer.inbox.size > 0) {
      last = await peer.event()
      seen.push(last.offset)
    }
    const { peer: next, answer } = await served.resumed(peer, { topics: { news: positionOf(last!) } })
    expect(answer.topics.news.recovered).toBe(true)
    seen.push(...offsetsOf(await next.events(count + 3 - seen.length)))
    expect(seen).toEqual(upTo(count + 3))
  })

  test('for events that it is to acknowledge comes back to those too, and each comes at least once', async () => {
    await using served = await serve({
      topics: { acked: { ack: true, history: HISTORY } },
      limits: { lanes: LANES, delivery: { window: 4, ackWait: 3600, minAckWait: 3600, maxAckWait: 3600 } },
    })
    const peer = await served.client()
    await peer.subscribe('acked')
    const count = await publishUntil(served, 'acked', ({ overflows }) => overflows.slow === 1)
    expect((await peer.closed).code).toBe(4008)
    await served.publish('acked', 5)
    const seen = offsetsOf(await peer.events(4))
    expect(seen).toEqual(upTo(4))
    const { peer: next, answer } = await served.resumed(peer, { received: 4 })
    expect(answer.topics.acked.recovered).toBe(true)
    next.say({ type: 'ack', upto: 4 })
    while (seen.length < count + 5) {
      const event = await next.event()
      next.ack(event)
      seen.push(event.offset)
    }
    expect(seen).toEqual(upTo(count + 5))
    expect(await served.measured(({ unacked }) => unacked === 0)).toMatchObject({ acked: count + 5, dead: 0 })
  })

  test('for bulk that it is to acknowledge loses the oldest, and the program is told', async () => {
    const letters = new Inbox<DeadLetter>()
    await using served = await serve({
      topics: { acked: { ack: true, lane: 'bulk', history: HISTORY } },
      limits: { lanes: LANES, delivery: { window: 2, ackWait: 3600, minAckWait: 3600, maxAckWait: 3600 } },
      observers: { deadLetter: letters.put },
    })
    const peer = await served.client()
    await peer.subscribe('acked')
    const count = await publishUntil(served, 'acked', ({ dead }) => dead >= 3)
    const lost = [await letters.next(), await letters.next(), await letters.next()]
    expect(lost.map(({ offset, reason, attempts }) => [offset, reason, attempts])).toEqual([
      [3, 'overflow', 0],
      [4, 'overflow', 0],
      [5, 'overflow', 0],
    ])
    const seen: number[] = []
    while (seen.length < count - 3) {
      const event = await peer.event()
      peer.ack(event)
      seen.push(event.offset)
    }
    expect(seen).toEqual(upTo(count).filter(offset => offset < 3 || offset > 5))
  })
})

describe('readers that do not read at all', () => {
  test('take no more memory than their lanes have, and the others notice nothing', async () => {
    await using served = await serve({
      topics: { bulk: { lane: 'bulk', history: { count: 10, bytes: 1 << 20 } } },
      limits: { lanes: LANES },
    })
    await using stack = new AsyncDisposableStack()
    const readers = []
    for (let i = 0; i < 5; i++) {
      const reader = stack.use(await slowReader(served))
      await reader.peer.subscribe('bulk')
      reader.wire.pause()
      readers.push(reader)
    }
    const quick = await served.client({ key: 'bob' })
    await quick.subscribe('bulk')
    const seen: number[] = []
    let most = 0
    let published = 0
    for (let stuck = false; !stuck || published % 50 !== 0; ) {
      await served.server.publish('bulk', TEXT)
      published++
      seen.push((await quick.event()).offset)
      const { queuedBytes, historyBytes, dropped } = await served.server.metrics()
      most = Math.max(most, queuedBytes)
      expect(historyBytes).toBeLessThanOrEqual(1 << 20)
      stuck = dropped >= 5 * 50
    }
    expect(most).toBeLessThanOrEqual(readers.length * LANE)
    expect(most).toBeGreaterThan(readers.length * (LANE - 2 * TEXT.length))
    for (const { socket } of readers) expect(socket.writableLength).toBeLessThan(2 * 64 * 1024)
    expect(seen).toEqual(upTo(published))
    expect((await served.server.metrics()).connections).toBe(readers.length + 1)
  })

  test('do not hold up commands of the others', async () => {
    await using served = await serve({
      topics: { bulk: { lane: 'bulk', history: false } },
      limits: { lanes: LANES },
      handlers: { print: ({ data }) => data },
    })
    await using reader = await slowReader(served)
    await reader.peer.subscribe('bulk')
    reader.wire.pause()
    await publishUntil(served, 'bulk', ({ dropped }) => dropped > 0)
    const quick = await served.client({ key: 'bob' })
    for (let n = 0; n < 20; n++) expect((await quick.command('print', 'start', n)).data).toBe(n)
  })
})
