import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AckKind, Lane } from '../../src/hydrogen/envelope/index.ts'
import { TestSession } from './support/session.ts'

const topics = [
  { topic: 'high', lane: 1, strict: false },
  { topic: 'normal', lane: 2, strict: false },
  { topic: 'strict', lane: 2, strict: true },
  { topic: 'bulk', lane: 3, strict: false },
] as const satisfies readonly { topic: string; lane: Lane; strict: boolean }[]

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topic: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 30 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('arrive' as const), count: fc.nat(5) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ack' as const),
      which: fc.nat(),
      kind: fc.constantFrom<AckKind>('ack', 'ack', 'ack', 'nak', 'progress', 'term'),
      attempt: fc.boolean(),
      delay: fc.option(fc.nat(60_000), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('upto' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('connect' as const, 'cut' as const, 'restart' as const) }),
  },
)

const window = 5
const pendingBytes = [100, 100, 100, 100] as const

class Model {
  readonly session = new TestSession({ window, windowBytes: 80, pendingBytes }, Math.random)
  readonly taken: string[] = []
  #connected = false

  run(one: typeof step extends fc.Arbitrary<infer T> ? T : never): void {
    const { session } = this
    switch (one.do) {
      case 'publish': {
        const { topic, lane, strict } = topics[one.topic]!
        const before = session.delivery.acceptedUpTo(topic)?.offset ?? 0
        if (session.publish(topic, { lane, strict, bytes: one.bytes }) === 'taken')
          this.taken.push(`${topic}:${before + 1}`)
        break
      }
      case 'write':
        session.write(one.count)
        break
      case 'arrive':
        session.arrive(one.count)
        break
      case 'ack': {
        const arrival = session.arrivals[one.which % session.arrivals.length]
        if (arrival === undefined) break
        const { kind, delay } = one
        const ack = {
          id: arrival.id,
          kind,
          ...(one.attempt && { attempt: arrival.attempt }),
          ...(delay !== undefined && { delay }),
        }
        expect(session.ack(ack)).toBe(undefined)
        break
      }
      case 'upto': {
        const upto = this.#contiguous()
        if (upto > 0) expect(session.ack({ upto })).toBe(undefined)
        break
      }
      case 'time':
        session.clock.advance(one.ms)
        break
      case 'connect':
        session.connect(this.#contiguous())
        this.#connected = true
        break
      case 'cut':
        session.cut()
        this.#connected = false
        break
      case 'restart':
        session.restart()
        this.#connected = false
    }
    this.check()
  }

  /** The number up to which the client has all. */
  #contiguous(): number {
    const got = new Set(this.session.arrivals.map(({ seq }) => seq))
    let seq = 0
    while (got.has(seq + 1)) seq++
    return seq
  }

  check(): void {
    const { delivery, ends, seen, clock } = this.session
    expect(delivery.unacked).toBeLessThanOrEqual(window)
    expect(delivery.bytes).toBeLessThanOrEqual(80 + 30 + 4 * 100)
    expect(new Set(ends.map(({ id }) => id)).size).toBe(ends.length)
    expect(delivery.unacked + delivery.pending + ends.length).toBe(this.taken.length)
    if (!this.#connected) expect(clock.pending).toBe(0)
    const last = new Map<string, number>()
    for (const { topic, offset } of seen) {
      expect(offset).toBeGreaterThan(last.get(topic) ?? 0)
      last.set(topic, offset)
    }
  }

  /** A client that acknowledges everything, for as long as there is anything. */
  finish(): void {
    const { session } = this
    session.connect()
    this.#connected = true
    for (let i = 0; i < 1000 && session.delivery.unacked > 0; i++) {
      session.write()
      for (const { id, attempt } of session.arrive()) session.ack({ id, attempt })
      session.clock.advance(10_000)
      this.check()
    }
    expect([session.delivery.unacked, session.delivery.pending, session.delivery.bytes]).toEqual([0, 0, 0])
  }
}

describe('whatever publishers, clients, wires and workers do', () => {
  test('every event ends once; the program sees each once and in order; window, bytes and timers are bounded', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), steps => {
        const model = new Model()
        for (const one of steps) model.run(one)
        model.finish()
        const { ends, seen, clock } = model.session
        expect(ends.map(({ id }) => id).sort()).toEqual([...model.taken].sort())
        const known = new Set(seen.map(({ id }) => id))
        for (const { id, end } of ends) if (end === 'acked') expect(known).toContain(id)
        expect(seen.length).toBe(known.size)
        expect(clock.pending).toBeLessThanOrEqual(1)
        clock.advance(1_000_000)
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 400 },
    )
  })

  test('nothing is lost to cuts and restarts: a client that acknowledges what it gets gets everything', () => {
    const calm = step.filter(one => one.do !== 'ack' && one.do !== 'time')
    fc.assert(
      fc.property(fc.array(calm, { maxLength: 150, size: 'max' }), steps => {
        const model = new Model()
        for (const one of steps) if (one.do !== 'publish' || topics[one.topic]!.lane !== 3) model.run(one)
        model.finish()
        expect(model.session.seen.map(({ id }) => id).sort()).toEqual([...model.taken].sort())
        expect(model.session.ends.every(({ end }) => end === 'acked')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
