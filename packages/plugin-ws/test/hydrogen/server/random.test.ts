/**
 * A client to which anything may happen, against a live server: what it asked for comes once and in order, or it is told
 * that it does not.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { follows } from '../../../src/hydrogen/topics/position.ts'
import type { HydrogenPeer, Message } from '../support/peer.ts'
import { type Serving, serve } from '../support/server.ts'

const EVEN = { attr: 'even', op: 'eq', value: true }

/** Topics, and how they are subscribed to. */
const TOPICS = {
  plain: {},
  filtered: { filter: EVEN },
  'wild.born': undefined,
  acked: {},
  'acked.high': { filter: EVEN },
  'acked.bulk': {},
} as const
type Name = keyof typeof TOPICS
const NAMES = Object.keys(TOPICS) as Name[]

/** Nothing is too old, and nothing waits for so long that it gives way. */
const history = { count: 10_000, bytes: 1 << 26 }
const LANE = { bytes: 1 << 26 }
const LANES = { high: LANE, normal: LANE, bulk: LANE }
const SETTINGS = {
  '>': { history },
  acked: { ack: true, history },
  'acked.high': { ack: true, lane: 'high', history },
  'acked.bulk': { ack: true, lane: 'bulk', history },
} as const

interface Place {
  epoch: string
  /** Of the newest event that came. */
  offset: number
  /** What the next one may follow. */
  base: number
}

/** What a client has to know, and nothing more. */
class Model {
  readonly places = new Map<string, Place>()
  readonly seen = new Map<string, number[]>()
  readonly told = new Map<string, [from: number, to: number][]>()
  readonly #ids = new Set<string>()
  received = 0
  /** Came, and were not acknowledged yet. */
  open: Message[] = []

  receive(event: Message): void {
    const { id, topic, epoch, offset, prev, gap, ack, seq } = event
    if (ack) {
      this.received = Math.max(this.received, seq)
      this.open = [...this.open.filter(other => other.id !== id), event]
      if (this.#ids.has(id)) return
      this.#ids.add(id)
    }
    const place = this.places.get(topic) ?? { epoch, offset: 0, base: 0 }
    this.places.set(topic, place)
    expect(epoch).toBe(place.epoch)
    if (gap) {
      list(this.told, topic).push([gap.from, gap.to])
      place.offset = Math.max(place.offset, gap.to)
    }
    if (offset === undefined) return
    const at = `${topic}: ${offset} after ${place.offset}`
    expect(offset, at).toBeGreaterThan(place.offset)
    if (!ack) expect(follows(Math.max(place.offset, place.base), offset, prev), at).toBe(true)
    place.offset = offset
    list(this.seen, topic).push(offset)
  }
}

function list<T>(lists: Map<string, T[]>, topic: string): T[] {
  let found = lists.get(topic)
  if (!found) lists.set(topic, (found = []))
  return found
}

class Run {
  readonly #served: Serving
  readonly model = new Model()
  /** Offsets that each topic's subscription lets through. */
  readonly wanted = new Map<string, number[]>()
  #peer!: HydrogenPeer
  #token = ''
  #connected = false

  constructor(served: Serving) {
    this.#served = served
  }

  async start(): Promise<void> {
    this.#peer = await this.#served.client()
    this.#token = this.#peer.token
    this.#connected = true
    for (const name of NAMES) {
      const options = TOPICS[name]
      if (options === undefined) continue
      const { epoch, offset } = await this.#peer.subscribe(name, options)
      this.model.places.set(name, { epoch, offset, base: offset })
    }
    await this.#peer.subscribe('wild.*')
  }

  async publish(name: Name, count: number): Promise<void> {
    const filter = TOPICS[name] && 'filter' in TOPICS[name]
    const publishing: Promise<void>[] = []
    for (let i = 0; i < count; i++) {
      const even = (i + count) % 2 === 0
      const published = this.#served.server.publish(name, 'x'.repeat(100 * count), { attributes: { even } })
      publishing.push(
        published.then(({ offset }) => void ((!filter || even) && list(this.wanted, name).push(offset))),
      )
    }
    await Promise.all(publishing)
  }

  /** Reads what came. */
  async read(): Promise<void> {
    if (!this.#connected) return
    this.#peer.unpause()
    await this.#peer.settled()
    await this.#take()
  }

  async ack(how: number): Promise<void> {
    const { model } = this
    if (!this.#connected || model.open.length === 0) return
    const some = model.open.filter((_event, i) => i % 4 <= how)
    if (how === 0) this.#peer.ack(some[0]!, { kind: 'nak', delay: 1 })
    else {
      this.#peer.say({ type: 'ack', ids: some.map(({ id }) => id) })
      model.open = model.open.filter(event => !some.includes(event))
    }
  }

  pause(): void {
    if (this.#connected) this.#peer.pause()
  }

  /** Of what had come and was not read, so many events are read nevertheless. */
  async cut(reads: number): Promise<void> {
    if (!this.#connected) return
    this.#connected = false
    this.#peer.socket.terminate()
    await this.#peer.closed
    await this.#take(reads)
    this.model.open = []
  }

  /** `lost`: the answer is never read. `knows`: the client says what it has. */
  async resume({ lost, knows }: { lost: boolean; knows: boolean }): Promise<void> {
    const { model } = this
    const before = this.#peer
    if (lost) await this.cut(Number.POSITIVE_INFINITY)
    else if (this.#connected) await this.#take()
    const peer = await this.#served.open()
    if (lost) peer.pause()
    const topics = Object.fromEntries(
      Array.from(model.places, ([name, { epoch, offset }]) => [name, { epoch, offset }]),
    )
    const data = { token: this.#token, topics, received: knows ? model.received : 0 }
    if (lost) {
      const { resumes } = await this.#served.server.metrics()
      const count = resumes.recovered + resumes.partly
      void peer.command('system', 'resume', data)
      await this.#served.measured(m => m.resumes.recovered + m.resumes.partly > count)
      await peer.cut()
      return
    }
    const answer = await peer.resume(data)
    // What the old connection had brought is not looked at any more.
    void before.cut()
    model.open = []
    this.#peer = peer
    this.#token = peer.token
    this.#connected = true
    for (const [name, { recovered, epoch, offset, wasRecovering }] of Object.entries<any>(answer.topics)) {
      const known = model.places.get(name)
      expect([name, recovered || !known, epoch]).toEqual([name, true, known?.epoch ?? epoch])
      if (known) known.base = offset
      else if (wasRecovering) expect([name, offset]).toEqual([name, 0])
    }
  }

  /** All that is still to come. */
  async finish(): Promise<void> {
    if (!this.#connected) await this.resume({ lost: false, knows: true })
    this.#peer.unpause()
    const done = (): boolean =>
      NAMES.every(name => list(this.model.seen, name).length >= list(this.wanted, name).length)
    for (;;) {
      await this.read()
      this.#peer.say({ type: 'ack', ids: ['none', ...this.model.open.map(({ id }) => id)] })
      this.model.open = []
      if (done() && (await this.#served.server.metrics()).unacked === 0) break
    }
    await this.read()
  }

  async #take(most = Number.POSITIVE_INFINITY): Promise<void> {
    for (let i = 0; i < most && this.#peer.inbox.size > 0; i++) this.model.receive(await this.#peer.event())
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      name: fc.constantFrom(...NAMES),
      count: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('ack' as const), how: fc.integer({ min: 0, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), reads: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('resume' as const),
      lost: fc.boolean(),
      knows: fc.boolean(),
    }),
  },
)

test('whatever happens to its connections, a client has all that it wants, each once and in its order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async steps => {
      await using served = await serve({
        topics: SETTINGS,
        limits: {
          highWater: 4096,
          lanes: LANES,
          delivery: { window: 8, ackWait: 0.2, minAckWait: 0.2, backoff: [0.01], maxDeliver: 1000 },
        },
      })
      const run = new Run(served)
      await run.start()
      for (const one of steps)
        if (one.do === 'publish') await run.publish(one.name, one.count)
        else if (one.do === 'read') await run.read()
        else if (one.do === 'ack') await run.ack(one.how)
        else if (one.do === 'pause') run.pause()
        else if (one.do === 'cut') await run.cut(one.reads)
        else await run.resume(one)
      await run.finish()
      for (const name of NAMES)
        expect([name, run.model.seen.get(name) ?? []]).toEqual([name, list(run.wanted, name)])
      expect([...run.model.told]).toEqual([])
      expect((await served.server.metrics()).errors).toEqual({})
    }),
    { numRuns: 40 },
  )
}, 60_000)
