/** Many clients are cut off again and again under load, and the worker is killed in between. */
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { connect, type HydrogenClient } from '../../../src/hydrogen/client/index.ts'
import type { WebSocketConstructor } from '../../../src/hydrogen/client/socket.ts'
import { serve } from '../support/server.ts'

const CLIENTS = 200
const CYCLES = 50
const EVENTS = { news: 200, acked: 60 }
type Topic = keyof typeof EVENTS
const TOPICS = Object.keys(EVENTS) as Topic[]

/** A client that loses its connection as soon as it has one, in its own time: at once, or with the next event. */
class Unlucky {
  readonly client: HydrogenClient
  readonly seen: Record<Topic, number[]> = { news: [], acked: [] }
  readonly gaps: unknown[] = []
  /** Sessions that were not the one before. */
  lost = 0
  cycles = -1
  readonly #waits: boolean
  readonly #onCut: () => void
  #socket: WebSocket | undefined
  #cutting = false

  constructor(url: string, number: number, onCut: () => void) {
    const self = this
    this.#waits = number % 2 === 0
    this.#onCut = onCut
    const Socket = class extends WebSocket {
      constructor(to: string, protocols: string[]) {
        super(to, protocols, { perMessageDeflate: false })
        self.#socket = this
      }
    }
    this.client = connect(url, {
      key: 'ann',
      reconnect: { min: 1, max: 5 },
      WebSocket: Socket as unknown as WebSocketConstructor,
    })
    this.client.on('gap', gap => void this.gaps.push(gap))
    this.client.on('error', () => {})
    this.client.on('session', ({ recovered }) => {
      if (!recovered && this.cycles >= 0) this.lost++
      this.#begin()
    })
    this.client.on('event', () => this.#cutting && this.#cut())
  }

  async subscribe(): Promise<void> {
    for (const topic of TOPICS)
      await this.client.subscribe(topic, ({ data }: any) => void this.seen[topic].push(data))
  }

  #begin(): void {
    if (this.cycles < 0 || this.cycles >= CYCLES) return
    if (this.#waits && this.cycles % 2 === 0) this.#cutting = true
    else setImmediate(() => this.#cut())
  }

  /** From now on it is cut off. */
  start(): void {
    this.cycles = 0
    this.#begin()
  }

  #cut(): void {
    this.#cutting = false
    this.cycles++
    this.#socket!.terminate()
    this.#onCut()
  }
}

test('200 clients are cut off 50 times each, and the worker is killed twice: nothing is lost, nothing comes twice', async () => {
  await using served = await serve({
    isolation: 'thread',
    keeper: true,
    topics: { acked: { ack: true } },
    session: { save: 50 },
  })
  let cuts = 0
  const clients = Array.from({ length: CLIENTS }, (_, i) => new Unlucky(served.url, i, () => cuts++))
  await using stack = new AsyncDisposableStack()
  for (const { client } of clients) stack.use(client)
  await Promise.all(clients.map(client => client.subscribe()))
  const over = () => clients.every(({ cycles }) => cycles >= CYCLES)

  const publish = async (topic: Topic): Promise<number> => {
    let n = 0
    while (n < EVENTS[topic] || !over()) {
      n++
      // Sent again until it is known to be there; it is there once.
      while (!(await served.server.publish(topic, n, { key: `${n}` }).catch(() => undefined)));
    }
    return n
  }
  for (const client of clients) client.start()
  const publishing = Promise.all(TOPICS.map(publish))
  for (const share of [1 / 3, 2 / 3]) {
    while (cuts < CLIENTS * CYCLES * share) await new Promise(resolve => setImmediate(resolve))
    await served.kill()
  }
  const published = await publishing
  for (const [i, topic] of TOPICS.entries()) {
    const all = Array.from({ length: published[i]! }, (_, n) => n + 1)
    while (clients.some(({ seen }) => seen[topic].length < all.length))
      await new Promise(resolve => setImmediate(resolve))
    for (const { seen } of clients) expect(seen[topic]).toEqual(all)
  }
  expect(clients.flatMap(({ gaps }) => gaps)).toEqual([])
  expect(clients.map(({ lost }) => lost)).toEqual(Array(CLIENTS).fill(0))
  expect(cuts).toBe(CLIENTS * CYCLES)
  expect(served.restarts).toBe(2)
  await served.measured(({ unacked }) => unacked === 0)
}, 60_000)
