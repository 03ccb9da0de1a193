/**
 * Round trips over the link: a message of 128 bytes to the worker and back, a fixed number of them in flight.
 * @module
 */
import { Worker } from 'node:worker_threads'
import { createKernel, type Isolation } from '@unisock/kernel'
import { wrap } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Case, Contender, Figures, Metric } from '../case.ts'
import { LOOP, loop } from '../plugins/loop.ts'

const PAYLOAD = new Uint8Array(128).fill(65)
/** Of ours; the peers make a fourth and an eighth of them in about the same time. */
const ROUND_TRIPS = 400_000

/** Keeps messages in flight until all are back; the first quarter warms up. */
class Flight {
  readonly done: Promise<Figures>
  readonly #send: () => void
  readonly #total: number
  #sent = 0
  #back = 0
  #started = 0
  #cpu: NodeJS.CpuUsage | undefined
  #resolve!: (figures: Figures) => void

  constructor(total: number, send: () => void) {
    this.#total = total
    this.#send = send
    this.done = new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  start(inFlight: number): Promise<Figures> {
    for (let i = 0; i < inFlight; i++) this.#next()
    return this.done
  }

  returned(): void {
    this.#back++
    if (this.#back === this.#total / 4) {
      this.#started = performance.now()
      this.#cpu = process.threadCpuUsage()
    }
    if (this.#back === this.#total) {
      const measured = this.#total * 0.75
      const { user, system } = process.threadCpuUsage(this.#cpu)
      const seconds = (performance.now() - this.#started) / 1000
      this.#resolve({ 'round-trips': measured / seconds, 'owner-cpu': (user + system) / measured })
    } else if (this.#sent < this.#total) this.#next()
  }

  #next(): void {
    this.#sent++
    this.#send()
  }
}

type Starter = (total: number, inFlight: number) => Promise<Figures>

const unisock =
  (isolation: Isolation): Starter =>
  async (total, inFlight) => {
    await using kernel = await createKernel({ plugins: [loop({ isolation })] })
    const fd = kernel.create(LOOP, () => flight.returned())
    const flight = new Flight(total, () => void kernel.write(fd, PAYLOAD))
    return await flight.start(inFlight)
  }

const postMessage: Starter = async (total, inFlight) => {
  const worker = new Worker(new URL('../plugins/echo-thread.ts', import.meta.url))
  const flight = new Flight(total / 4, () => worker.postMessage({ op: 6, fd: 1, data: PAYLOAD }))
  worker.on('message', () => flight.returned())
  const figures = await flight.start(inFlight)
  await worker.terminate()
  return figures
}

const comlink: Starter = async (total, inFlight) => {
  const worker = new Worker(new URL('../plugins/echo-thread.ts', import.meta.url), { workerData: 'comlink' })
  const remote = wrap<{ echo(data: Uint8Array): Uint8Array }>(nodeEndpoint(worker as never))
  const flight = new Flight(total / 8, () => void remote.echo(PAYLOAD).then(() => flight.returned()))
  const figures = await flight.start(inFlight)
  await worker.terminate()
  return figures
}

/** One run at each number of messages in flight. */
const contender =
  (start: Starter, ...numbers: readonly number[]): Contender =>
  async ({ quick }) => {
    const figures: Record<string, number> = {}
    for (const inFlight of numbers) {
      const run = await start(quick ? ROUND_TRIPS / 4 : ROUND_TRIPS, inFlight)
      for (const [name, value] of Object.entries(run)) figures[`${name}-${inFlight}`] = value
    }
    return figures
  }

const metric = (inFlight: number, against: string, atLeast: number): Metric => ({
  figure: `round-trips-${inFlight}`,
  unit: 'round trips/s',
  against,
  goal: { atLeast },
})

export const link: Case = {
  name: 'link',
  contenders: {
    unisock: contender(unisock('thread'), 64, 1024),
    postMessage: contender(postMessage, 64, 1024),
    comlink: contender(comlink, 64),
  },
  metrics: [metric(64, 'postMessage', 2), metric(64, 'comlink', 6), metric(1024, 'postMessage', 3.5)],
  rounds: 5,
}

export const linkProcess: Case = {
  name: 'link-process',
  contenders: { unisock: contender(unisock('process'), 64), thread: contender(unisock('thread'), 64) },
  metrics: [metric(64, 'thread', 0.85)],
  rounds: 5,
}
