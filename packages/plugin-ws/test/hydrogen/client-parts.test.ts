import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sign as serverSign } from '../../src/hydrogen/auth/signature.ts'
import { Acks } from '../../src/hydrogen/client/acks.ts'
import { Backoff } from '../../src/hydrogen/client/backoff.ts'
import { Deliveries, type Receipt } from '../../src/hydrogen/client/deliveries.ts'
import { Patterns } from '../../src/hydrogen/client/patterns.ts'
import { type Placed, Positions } from '../../src/hydrogen/client/positions.ts'
import { credentials, topicsFor } from '../../src/hydrogen/client/session.ts'
import { sign } from '../../src/hydrogen/client/sign.ts'
import { parseEnvelope } from '../../src/hydrogen/envelope/index.ts'
import { answerPosition } from '../../src/hydrogen/recovery/index.ts'
import { Position, Subscriptions } from '../../src/hydrogen/topics/index.ts'
import { TestSession } from './support/session.ts'

describe('signatures', () => {
  test('are those the server expects', async () => {
    const text = fc.string({ unit: 'binary' })
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), text, text, async (secret, id, data) => {
        const parts = { id, timestamp: '2025-02-26T18:45:00.000Z', channel: 'a', action: 'b', data }
        const { timestamp, channel, action } = parts
        expect(await sign(secret, id, timestamp, channel, action, data)).toBe(serverSign(secret, parts))
      }),
      { numRuns: 50 },
    )
  })
})

describe('patterns', () => {
  const token = fc.constantFrom('a', 'b', 'c')
  const topic = fc.array(token, { minLength: 1, maxLength: 4 }).map(tokens => tokens.join('.'))
  const pattern = fc
    .tuple(fc.array(fc.oneof(token, fc.constant('*')), { maxLength: 4 }), fc.boolean())
    .map(([tokens, rest]) => (rest || tokens.length === 0 ? [...tokens, '>'] : tokens).join('.'))

  test('match what they match at the server', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(topic, pattern)), topic, (patterns, name) => {
        const own = new Patterns<string>()
        const server = new Subscriptions<string>()
        for (const one of patterns) {
          own.add(one, one)
          server.add(one, one)
        }
        const found: string[] = []
        server.match(name, one => found.push(one))
        expect(own.matching(name).sort()).toEqual(found.sort())
      }),
    )
  })

  test('are gone with the last of their members', () => {
    const patterns = new Patterns<number>()
    patterns.add('a.*', 1)
    patterns.add('a.*', 2)
    expect(patterns.remove('a.*', 1)).toBe(false)
    expect(patterns.remove('a.*', 1)).toBe(false)
    expect(patterns.matching('a.b')).toEqual([2])
    expect(patterns.remove('a.*', 2)).toBe(true)
    expect(patterns.matching('a.b')).toEqual([])
    expect(patterns.remove('b', 2)).toBe(false)
    expect([...patterns]).toEqual([])
  })
})

describe('positions', () => {
  const base = { type: 'event', id: 'x', channel: 'c', action: 'a', topic: 't', epoch: 'e' } as const
  const event = (offset: number | undefined, more: object = {}): Placed =>
    ({ ...base, ...more, ...(offset !== undefined && { offset }) }) as Placed

  /** What the server does with each publication of a topic in turn. */
  const fates = fc.array(fc.constantFrom('deliver', 'hold', 'skip'), { maxLength: 30 })

  /** The events a server makes of that; of a skipped publication a notice. */
  function eventsOf(deeds: readonly string[]): Placed[] {
    const server = new Position(0)
    const events: Placed[] = []
    deeds.forEach((fate, i) => {
      const offset = i + 1
      if (fate === 'hold') server.hold(offset)
      else if (fate === 'skip') {
        server.skip(offset)
        events.push(event(undefined, { gap: { from: offset, to: offset } }))
      } else {
        const prev = server.deliver(offset)
        events.push(event(offset, prev === undefined ? {} : { prev }))
      }
    })
    return events
  }

  test('take everything a server sends for whole', () => {
    fc.assert(
      fc.property(fates, deeds => {
        const positions = new Positions()
        let last = 0
        for (const one of eventsOf(deeds)) {
          expect(positions.follow(one, true)).toBe(true)
          last = one.offset ?? one.gap!.to
        }
        expect(positions.get('t')?.offset ?? 0).toBe(last)
      }),
    )
  })

  test('notice every event that is missing, as soon as another one of the topic comes', () => {
    fc.assert(
      fc.property(fates, fc.nat(), (deeds, n) => {
        const events = eventsOf(deeds)
        const delivered = events.filter(({ offset }) => offset !== undefined)
        fc.pre(delivered.length >= 2)
        const lost = delivered[n % (delivered.length - 1)]!
        const at = events.indexOf(lost)
        const next = events[at + 1]!
        fc.pre(next.gap === undefined)
        const positions = new Positions()
        for (const one of events.slice(0, at)) positions.follow(one, true)
        expect(positions.follow(next, true)).toBe(false)
      }),
    )
  })

  test('go back within an epoch only where they were beyond its end', () => {
    const offset = fc.nat(20)
    const state = fc.record({ top: offset, first: offset, partial: fc.boolean() })
    fc.assert(
      fc.property(fc.array(state), states => {
        const positions = new Positions()
        for (const { top, first, partial } of states) {
          const before = positions.get('t')
          const kept = { epoch: 'e', top, first: Math.min(first, top) + 1 }
          const answer = answerPosition(kept, before && { ...before, partial })
          const missed = positions.answer('t', answer, true)
          const now = positions.get('t')!.offset
          if (answer.reason === 'ahead') expect(missed).toEqual({ topic: 't', epoch: 'e', reason: 'ahead' })
          else expect(now).toBeGreaterThanOrEqual(before?.offset ?? 0)
          if (answer.gap) expect(missed).toMatchObject({ reason: 'gap', ...answer.gap })
          if (answer.recovered) expect(missed).toBeUndefined()
        }
      }),
    )
  })

  test('begin anew in another epoch', () => {
    const positions = new Positions()
    positions.answer('t', answerPosition({ epoch: 'e', top: 9, first: 1 }), false)
    const answer = answerPosition({ epoch: 'f', top: 2, first: 1 }, { epoch: 'e', offset: 9 })
    expect(positions.answer('t', answer, true)).toEqual({ topic: 't', epoch: 'f', reason: 'epoch' })
    expect(positions.get('t')).toEqual({ epoch: 'f', offset: 2 })
    const unasked = answerPosition({ epoch: 'g', top: 1, first: 1 })
    expect(positions.answer('t', unasked, true)).toEqual({ topic: 't', epoch: 'g', reason: 'epoch' })
  })

  test('are told in a message that every server takes', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 400 }), fc.boolean(), (names, partial) => {
        const positions = new Positions()
        for (const one of names)
          positions.answer(one, answerPosition({ epoch: 'ep', top: 7, first: 1 }), false)
        const topics = topicsFor(positions, () => partial, 65_536)
        const data = { token: 't'.repeat(200), topics, received: 1 }
        const text = JSON.stringify({ type: 'command', id: 'i', channel: 'system', action: 'resume', data })
        expect(parseEnvelope(text).error?.code ?? 'none').toBeOneOf(['none', 'bad_key'])
      }),
      { numRuns: 30 },
    )
  })
})

describe('acknowledgments', () => {
  test('name every event that is done and none that is not, in whatever order', () => {
    const order = fc.integer({ min: 1, max: 30 }).chain(count => {
      const seqs = Array.from({ length: count }, (_, i) => i + 1)
      return fc.tuple(
        fc.shuffledSubarray(seqs),
        fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      )
    })
    fc.assert(
      fc.property(order, ([seqs, flushes]) => {
        const told = new Set<number>()
        const done = new Set<number>()
        const acks = new Acks(({ upto = 0, ids = [] }) => {
          for (let seq = 1; seq <= upto; seq++) told.add(seq)
          for (const id of ids) told.add(Number(id))
        })
        seqs.forEach((seq, i) => {
          done.add(seq)
          acks.done(seq, String(seq))
          if (flushes[i]) acks.flush()
          for (const one of told) expect(done).toContain(one)
        })
        acks.flush()
        expect([...told].sort()).toEqual([...done].sort())
        told.clear()
        acks.resume(Number.MAX_SAFE_INTEGER)
        expect([...told].sort()).toEqual([...done].sort())
      }),
    )
  })

  test('are few', () => {
    const sent: unknown[] = []
    const acks = new Acks(ack => sent.push(ack))
    for (let seq = 1; seq <= 1000; seq++) acks.done(seq, `e${seq}`)
    acks.flush()
    expect(sent).toEqual([{ upto: 1000 }])
  })
})

describe('deliveries', () => {
  type Step = {
    do: 'publish' | 'write' | 'settle' | 'refuse' | 'cut' | 'resume' | 'restart' | 'wait' | 'flush'
  }
  const steps = fc.array(
    fc.record({
      do: fc.constantFrom(
        'publish',
        'publish',
        'write',
        'write',
        'settle',
        'settle',
        'refuse',
        'cut',
        'resume',
        'restart',
        'wait',
        'flush',
      ),
    }) as fc.Arbitrary<Step>,
    { maxLength: 80 },
  )

  test('give each event out once, and the server an end of each, over all cuts', () => {
    fc.assert(
      fc.property(steps, sequence => {
        const server = new TestSession({ maxDeliver: 1000 })
        let connected = true
        server.connect()
        const client = new Deliveries(ack => {
          if (connected) server.ack(ack)
        })
        const given = new Map<string, number>()
        const refused = new Map<string, number>()
        let open: Receipt[] = []
        const arrive = (): void => {
          server.write()
          for (const one of server.arrive()) {
            const event = { ...one, type: 'event', channel: 'c', action: 'a', ack: true } as const
            if (client.since(event) !== undefined) {
              client.repeat(event)
              continue
            }
            given.set(one.id, (given.get(one.id) ?? 0) + 1)
            open.push(client.take(event, true)!)
          }
        }
        const resume = (): void => {
          connected = true
          server.connect(client.received)
          client.resume(server.delivery.lastSeq)
        }
        for (const step of sequence) {
          if (step.do === 'publish') server.publish()
          if (step.do === 'write') arrive()
          if (step.do === 'settle' && open.length > 0) client.settle(open.shift()!, 'ack')
          if (step.do === 'refuse' && open.length > 0) {
            const receipt = open.pop()!
            refused.set(receipt.id, (refused.get(receipt.id) ?? 0) + 1)
            client.settle(receipt, 'nak')
          }
          if (step.do === 'flush') client.flush()
          if (step.do === 'cut' || step.do === 'restart') {
            connected = false
            if (step.do === 'cut') server.cut()
            else server.restart()
          }
          if (step.do === 'resume' && !connected) resume()
          if (step.do === 'wait') server.clock.advance(20_000)
        }
        resume()
        for (let round = 0; round < 100 && server.delivery.unacked + server.delivery.pending > 0; round++) {
          arrive()
          for (const receipt of open) client.settle(receipt, 'ack')
          open = []
          client.flush()
          server.clock.advance(20_000)
        }
        client.stop()
        expect(server.delivery.unacked + server.delivery.pending).toBe(0)
        expect(server.ends.every(({ end }) => end === 'acked')).toBe(true)
        for (const [id, count] of given) expect(count).toBeLessThanOrEqual(1 + (refused.get(id) ?? 0))
        expect(given.size).toBe(server.ends.length)
      }),
    )
  })
})

describe('waiting', () => {
  test('is longer at most with each failure, up to the limit, and short again after a long session', () => {
    const backoff = new Backoff({ min: 10, max: 100, factor: 3 })
    for (const most of [10, 30, 90, 100, 100]) expect(backoff.next()).toBeLessThanOrEqual(most)
    backoff.stood(99)
    const waits = Array.from({ length: 50 }, () => backoff.next()!)
    expect(Math.max(...waits)).toBeGreaterThan(30)
    backoff.stood(100)
    expect(backoff.next()).toBeLessThanOrEqual(10)
  })

  test('ends after so many tries', () => {
    const backoff = new Backoff({ tries: 2 })
    expect([backoff.next(), backoff.next(), backoff.next()].map(wait => wait === undefined)).toEqual([
      false,
      false,
      true,
    ])
  })
})

describe('credentials', () => {
  test('are shown in the handshake as far as it can carry them', () => {
    expect(credentials(undefined, undefined)).toEqual({ protocols: [], token: undefined })
    expect(credentials('k', undefined)).toEqual({ protocols: ['unisock.auth.k'], token: undefined })
    expect(credentials('k', 't')).toEqual({ protocols: ['unisock.auth.k'], token: 't' })
    expect(credentials(undefined, 't')).toEqual({ protocols: ['unisock.auth.t'], token: undefined })
    expect(credentials('k k', undefined)).toEqual({ protocols: [], token: 'k k' })
    expect(credentials(undefined, 't=')).toEqual({ protocols: [], token: 't=' })
  })
})
