/**
 * The parts together, as a server puts them together: history, recovery, filters, deliveries and lanes at one end, a
 * client at the other, and a wire that can be cut in between.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Delivery } from '../../src/hydrogen/delivery/index.ts'
import type { Gap, Lane } from '../../src/hydrogen/envelope/index.ts'
import type { Publication } from '../../src/hydrogen/history/topic-history.ts'
import { type LaneSet, Lanes } from '../../src/hydrogen/lanes/index.ts'
import { answerPosition, joinGaps, TopicRecovery } from '../../src/hydrogen/recovery/index.ts'
import { compileFilter } from '../../src/hydrogen/topics/compile-filter.ts'
import { follows, Position } from '../../src/hydrogen/topics/position.ts'
import { FakeClock } from './support/fake-clock.ts'
import { Histories } from './support/histories.ts'

interface Frame {
  readonly topic: string
  readonly epoch: string
  readonly offset: number
  readonly prev?: number | undefined
  readonly gap?: Gap | undefined
  readonly id?: string
  readonly attempt?: number
}

interface Topic {
  readonly name: string
  readonly lane: Lane
  readonly acked: boolean
  readonly filtered: boolean
}

const topics: readonly Topic[] = [
  { name: 'plain', lane: 2, acked: false, filtered: false },
  { name: 'filtered', lane: 1, acked: false, filtered: true },
  { name: 'bulk', lane: 3, acked: false, filtered: true },
  { name: 'acked', lane: 2, acked: true, filtered: false },
  { name: 'both', lane: 1, acked: true, filtered: true },
]

const filter = compileFilter({ attr: 'even', op: 'eq', value: true })

const laneSet: LaneSet = [
  { maxBytes: 1000, overflow: 'close', weight: 1 },
  { maxBytes: 60, overflow: 'close', weight: 16 },
  { maxBytes: 60, overflow: 'close', weight: 4 },
  { maxBytes: 12, overflow: 'drop-oldest', weight: 1 },
]

/** What a client remembers, whatever happens to its connections. */
class Client {
  readonly positions = new Map<string, { epoch: string; offset: number }>()
  readonly seen = new Map<string, number[]>()
  readonly told = new Map<string, Gap[]>()
  readonly #ids = new Set<string>()

  /** What it does not know it misses is an error. */
  receive({ topic, epoch, offset, prev, gap, id }: Frame): void {
    const position = this.positions.get(topic)!
    expect(epoch).toBe(position.epoch)
    if (id !== undefined && this.#ids.has(id)) return
    if (id !== undefined) this.#ids.add(id)
    if (gap) {
      this.#list(this.told, topic).push(gap)
      position.offset = Math.max(position.offset, gap.to)
    }
    if (offset === 0) return
    expect(follows(position.offset, offset, prev), `${topic}: ${offset} after ${position.offset}`).toBe(true)
    expect(offset).toBeGreaterThan(position.offset)
    position.offset = offset
    this.#list(this.seen, topic).push(offset)
  }

  #list<T>(lists: Map<string, T[]>, topic: string): T[] {
    let list = lists.get(topic)
    if (!list) lists.set(topic, (list = []))
    return list
  }
}

class Server {
  readonly clock = new FakeClock()
  readonly client = new Client()
  readonly histories: Histories<string>
  readonly delivery: Delivery<Frame>
  /** Offsets of each topic that its filter lets through. */
  readonly wanted = new Map<string, number[]>(topics.map(({ name }) => [name, []]))
  /** What was given up after too many deliveries that nobody acknowledged: its producer is told. */
  readonly dead: string[] = []
  #lanes: Lanes<Frame> | undefined
  #wire: Frame[] = []
  #recoveries = new Map<string, TopicRecovery<Publication<string>>>()

  constructor(kept: number) {
    this.histories = new Histories(() => ({ maxCount: kept, maxBytes: 1e6, maxAge: 1e9, metaTtl: 1e9 }))
    this.delivery = new Delivery<Frame>(
      this.clock,
      {
        send: ({ frame, lane, bytes, id }, attempt, again) =>
          this.#push(lane, { ...frame, id, attempt }, bytes, again),
        ended: ({ topic, offset }, end) => {
          if (end === 'dead') this.dead.push(`${topic} ${offset}`)
        },
      },
      { window: 4, pendingBytes: [40, 40, 40, 40] },
    )
  }

  get connected(): boolean {
    return this.#lanes !== undefined
  }

  connect(): void {
    this.cut()
    this.#lanes = new Lanes(this.clock, { lanes: laneSet })
    this.#recoveries = new Map()
    for (const topic of topics) this.#subscribe(topic)
    this.delivery.connect()
  }

  cut(): void {
    this.#lanes = undefined
    this.#wire = []
    this.delivery.disconnect()
  }

  publish({ name, filtered }: Topic): void {
    const history = this.histories.of(name, 0)
    const offset = history.state(0).top + 1
    const publication = history.append(name, 3, 0, { even: offset % 2 === 0 })
    if (!filtered || offset % 2 === 0) this.wanted.get(name)!.push(offset)
    if (this.connected) this.#recoveries.get(name)!.live(publication)
  }

  /** Reads pages of history where there is room for them. */
  replay(limit: number): void {
    for (const { name, lane, acked } of topics) {
      const from = this.#recoveries.get(name)?.wanted
      const room = acked ? this.delivery.room(lane) : 60 - (this.#lanes?.counts(lane).bytes ?? 60)
      if (!this.connected || from === undefined || room < 3 * limit + 1) continue
      this.#recoveries.get(name)!.page(this.histories.of(name, 0).read({ from, limit }, 0))
    }
  }

  write(count: number): void {
    for (let i = 0; i < count; i++) {
      const next = this.#lanes?.next()
      if (next === undefined) return
      const epoch = this.histories.of(next.topic!, 0).epoch
      if (next.frame === undefined) this.#wire.push({ topic: next.topic, epoch, offset: 0, gap: next.gap })
      else if (next.frame.id === undefined || this.delivery.begin(next.frame.id, next.frame.attempt!))
        this.#wire.push({ ...next.frame, gap: joinGaps(next.gap, next.frame.gap) })
    }
  }

  arrive(count: number, acknowledge: boolean): void {
    for (const frame of this.#wire.splice(0, count)) {
      this.client.receive(frame)
      if (acknowledge && frame.id !== undefined)
        expect(this.delivery.acknowledge({ id: frame.id, attempt: frame.attempt! })).toBe(undefined)
    }
  }

  get idle(): boolean {
    if (!this.connected || this.#wire.length > 0 || this.#lanes!.size > 0) return false
    if (this.delivery.unacked > 0 || this.delivery.pending > 0) return false
    return [...this.#recoveries.values()].every(({ wanted }) => wanted === undefined)
  }

  #subscribe(topic: Topic): void {
    const { name, acked, filtered } = topic
    const { positions } = this.client
    const state = this.histories.of(name, 0).state(0)
    const before = positions.get(name)
    const from = (acked && before && this.delivery.acceptedUpTo(name)) || before
    const answer = answerPosition(state, from && { ...from, partial: true })
    if (!before) positions.set(name, { epoch: answer.epoch, offset: answer.offset })
    const position = new Position(Math.min(from?.offset ?? answer.offset, answer.offset))
    const send = (frame: Frame, offset: number, bytes: number) => {
      const { lane } = topic
      if (!acked) return this.#push(lane, frame, bytes)
      const event = {
        id: `${name}:${offset}`,
        topic: name,
        epoch: answer.epoch,
        offset,
        lane,
        bytes,
        strict: false,
        frame,
      }
      if (this.connected && this.delivery.offer(event) === 'refused') this.cut()
    }
    const lost = (gap: Gap) => {
      position.skip(gap.to)
      send({ topic: name, epoch: answer.epoch, offset: 0, gap }, gap.to, 1)
    }
    const publication = ({ offset, bytes, attributes }: Publication<string>) => {
      if (filtered && !filter(attributes!)) return position.hold(offset)
      const frame = { topic: name, epoch: answer.epoch, offset, prev: position.deliver(offset) }
      send(frame, offset, bytes)
    }
    // With acknowledgments a gap of the answer is met again while paging, where there is room for it: offered at once, it
    // could be refused at every connect, and nothing would ever be sent.
    const deferred = acked ? answer.gap : undefined
    if (answer.gap && !deferred) lost(answer.gap)
    const start = deferred ? deferred.from - 1 : answer.offset
    this.#recoveries.set(name, new TopicRecovery({ publication, gap: lost }, start, answer.top, 9))
  }

  #push(lane: Lane, frame: Frame, bytes: number, again = false): void {
    const { topic, gap } = frame
    const offset = gap?.to ?? frame.offset
    const pushed = this.#lanes?.push(lane, { frame, bytes, topic, offset, from: gap?.from }, again)
    if (pushed !== undefined && pushed !== 'queued') this.cut()
  }
}

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('publish' as const), n: fc.nat(topics.length - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('replay' as const), n: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('write' as const, 'arrive' as const), n: fc.nat(8) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'connect' as const), n: fc.constant(0) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), n: fc.nat(20_000) }) },
)

function play(
  kept: number,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
): Server {
  const server = new Server(kept)
  server.connect()
  for (const { do: action, n } of steps) {
    if (action === 'publish') server.publish(topics[n]!)
    else if (action === 'replay') server.replay(n)
    else if (action === 'write') server.write(n)
    else if (action === 'arrive') server.arrive(n, n % 2 === 0)
    else if (action === 'cut') server.cut()
    else if (action === 'connect') server.connect()
    else server.clock.advance(n)
  }
  for (let i = 0; !server.idle; i++) {
    expect(i).toBeLessThan(1000)
    if (!server.connected) server.connect()
    server.write(100)
    server.arrive(100, true)
    server.replay(3)
    server.clock.advance(10_000)
  }
  return server
}

describe('the parts together', () => {
  test('every publication that the filter lets through comes once and in order, or is told to be missing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(step, { maxLength: 150, size: 'max' }),
        (kept, steps) => {
          const { client, wanted, dead } = play(kept, steps)
          for (const { name } of topics) {
            const told = client.told.get(name) ?? []
            const seen = client.seen.get(name) ?? []
            const missing = wanted
              .get(name)!
              .filter(offset => !seen.includes(offset) && !dead.includes(`${name} ${offset}`))
            for (const offset of missing)
              expect(
                told.some(({ from, to }) => from <= offset && offset <= to),
                `${name} ${offset}`,
              ).toBe(true)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test('within retention nothing is missing: cuts, slow readers and replays that race live events lose nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), steps => {
        const { client, wanted, dead } = play(1000, steps)
        for (const { name, lane } of topics) {
          const seen = client.seen.get(name) ?? []
          const given = wanted
            .get(name)!
            .filter(offset => seen.includes(offset) || !dead.includes(`${name} ${offset}`))
          if (lane !== 3) expect(seen).toEqual(given)
        }
      }),
      { numRuns: 300 },
    )
  })
})
