/** What is urgent overtakes what waits: everything but what the system has taken over already. */
import { describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/hydrogen/clock.ts'
import { offsetsOf } from '../support/peer.ts'
import { type Serving, serve } from '../support/server.ts'
import { type SlowReader, slowReader } from '../support/slow-reader.ts'

const MEGABYTE = 1 << 20
const HIGH_WATER = 64 * 1024
const MESSAGE = 16 * 1024
/** A message, with its envelope and its frame. */
const ONE = MESSAGE + 512
const TEXT = 'x'.repeat(MESSAGE)

const prioritised = () =>
  serve({
    topics: {
      bulk: { history: false, lane: 'bulk' },
      normal: { history: false },
      urgent: { history: false, lane: 'high' },
    },
    limits: { lanes: { bulk: { bytes: 16 * MEGABYTE }, high: { bytes: 4 * MEGABYTE } } },
    handlers: { print: () => 'printed' },
  })

/** Publishes what the reader does not read, until so much of it waits. */
async function fill(served: Serving, topic: string, bytes: number): Promise<number> {
  let count = 0
  do {
    await served.server.publish(topic, TEXT)
    count++
  } while ((await served.server.metrics()).queuedBytes < bytes)
  return count
}

/** Where in all that was sent a text is. */
const placeOf = ({ wire }: SlowReader, text: string): number => wire.down().indexOf(text)

describe('with 1 MB of bulk waiting', () => {
  test('a high event comes within the high-water mark and one message', async () => {
    await using served = await prioritised()
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    await peer.subscribe('urgent')
    wire.pause()
    const count = await fill(served, 'bulk', MEGABYTE)
    const given = reader.given()
    await served.server.publish('urgent', 'now')
    wire.resume()
    const events = await peer.events(count + 1)
    const place = placeOf(reader, '"topic":"urgent"')
    expect(place - given).toBeLessThanOrEqual(HIGH_WATER + ONE)
    expect(wire.down().length - place).toBeGreaterThan(MEGABYTE - HIGH_WATER)
    const bulk = events.filter(({ topic }) => topic === 'bulk')
    expect(offsetsOf(bulk)).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  })

  test('so does an event that a client subscribed to in the lane high, whatever its topic says', async () => {
    await using served = await prioritised()
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    await peer.subscribe('normal', { lane: 1 })
    wire.pause()
    await fill(served, 'bulk', MEGABYTE)
    const given = reader.given()
    await served.server.publish('normal', 'now')
    wire.resume()
    while ((await peer.event()).topic !== 'normal');
    expect(placeOf(reader, '"topic":"normal"') - given).toBeLessThanOrEqual(HIGH_WATER + ONE)
  })

  test('so does the response to a command, and ahead of high events', async () => {
    await using served = await prioritised()
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    await peer.subscribe('urgent')
    wire.pause()
    await fill(served, 'bulk', MEGABYTE)
    await fill(served, 'urgent', 2 * MEGABYTE)
    const given = reader.given()
    const answered = peer.command('print', 'start', undefined, { id: 'asked-in-time' })
    await served.measured(({ commandLatency }) => commandLatency.count === 1)
    wire.resume()
    expect((await answered).data).toBe('printed')
    expect(placeOf(reader, '"re":"asked-in-time"') - given).toBeLessThanOrEqual(HIGH_WATER + ONE)
  })

  test('a subscription is answered, and a session resumed, all the same', async () => {
    await using served = await prioritised()
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    wire.pause()
    await fill(served, 'bulk', MEGABYTE)
    const given = reader.given()
    const subscribed = peer.verb('subscribe', { topic: 'urgent' }, { id: 'subscribed-in-time' })
    await served.measured(({ subscriptions }) => subscriptions === 2)
    wire.resume()
    await subscribed
    expect(placeOf(reader, '"re":"subscribed-in-time"') - given).toBeLessThanOrEqual(HIGH_WATER + ONE)
    wire.pause()
    await fill(served, 'bulk', MEGABYTE)
    const { peer: next } = await served.resumed(peer)
    await served.server.publish('urgent', 'now')
    while ((await next.event()).topic !== 'urgent');
  })
})

describe('lanes', () => {
  /** In which order what waited came: of bulk and high events, after what was given to the socket before. */
  async function order(served: Serving, beforeReading: () => void): Promise<string[]> {
    await using reader = await slowReader(served)
    const { peer, wire } = reader
    await peer.subscribe('bulk')
    await peer.subscribe('urgent')
    wire.pause()
    const given = await fill(served, 'bulk', 10 * MESSAGE)
    const { queuedFrames } = await served.server.metrics()
    for (let i = 0; i < 60; i++) await served.server.publish('urgent', TEXT)
    beforeReading()
    wire.resume()
    const events = await peer.events(given + 60)
    return events.slice(given - queuedFrames).map(({ topic }) => topic)
  }

  test('share by weight: high goes first, and bulk is not starved', async () => {
    await using served = await prioritised()
    const topics = await order(served, () => {})
    const last = topics.lastIndexOf('urgent')
    const between = topics.slice(0, last).filter(topic => topic === 'bulk').length
    expect(between).toBeGreaterThanOrEqual(60 / 16 - 1)
    expect(between).toBeLessThanOrEqual(60 / 16 + 6)
  })

  test('let nothing wait for more than five seconds while the reader reads', async () => {
    await using served = await prioritised()
    const now = vi.spyOn(systemClock, 'now')
    const topics = await order(served, () => {
      const later = systemClock.now() + 6000
      now.mockImplementation(() => later)
    })
    now.mockRestore()
    const bulk = topics.filter(topic => topic === 'bulk').length
    expect(topics.lastIndexOf('bulk')).toBeLessThan(2 * bulk + 6)
  })
})
