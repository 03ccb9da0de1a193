/**
 * Round trips over the link: a message of 128 bytes to the worker and back, a fixed number of them in flight.
 * @module
 */
import { Worker } from 'node:worker_threads'
import { createKernel, type Isolation } from '@unisock/kernel'
import { wrap } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Case, Contender, Figures } from '../case.ts'
import { LOOP, loop } from '../plugins/loop.ts'

const PAYLOAD = new Uint8Array(128).fill(65)
const ROUND_TRIPS = 400_000
/** What is slower is measured over fewer round trips, to the same length of time. */
const SLOW_SHARE = 4

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

const unisock =
  (isolation: Isolation, inFlight: number): Contender =>
  async ({ quick }) => {
    await using kernel = await createKernel({ plugins: [loop({ isolation })] })
    const fd = kernel.create(LOOP, () => flight.returned())
    const flight = new Flight(quick ? ROUND_TRIPS / 4 : ROUND_TRIPS, () => void kernel.write(fd, PAYLOAD))
    return await flight.start(inFlight)
  }

const postMessage =
  (inFlight: number): Contender =>
  async ({ quick }) => {
    const worker = new Worker(new URL('../plugins/echo-thread.ts', import.meta.url))
    const total = ROUND_TRIPS / (quick ? 4 : 1) / SLOW_SHARE
    const flight = new Flight(total, () => worker.postMessage({ op: 6, fd: 1, data: PAYLOAD }))
    worker.on('message', () => flight.returned())
    const figures = await flight.start(inFlight)
    await worker.terminate()
    return figures
  }

const comlink =
  (inFlight: number): Contender =>
  async ({ quick }) => {
    const worker = new Worker(new URL('../plugins/echo-thread.ts', import.meta.url), {
      workerData: 'comlink',
    })
    const remote = wrap<{ echo(data: Uint8Array): Uint8Array }>(nodeEndpoint(worker as never))
    const total = ROUND_TRIPS / (quick ? 4 : 1) / SLOW_SHARE / 2
    const flight = new Flight(total, () => void remote.echo(PAYLOAD).then(() => flight.returned()))
    const figures = await flight.start(inFlight)
    await worker.terminate()
    return figures
  }

const metric = (against: string, atLeast: number) => ({
  figure: 'round-trips',
  unit: 'round trips/s',
  against,
  goal: { atLeast },
})

export const link64: Case = {
  name: 'link-64',
  contenders: { unisock: unisock('thread', 64), postMessage: postMessage(64), comlink: comlink(64) },
  metrics: [metric('postMessage', 2), metric('comlink', 6)],
  rounds: 5,
}

export const link1024: Case = {
  name: 'link-1024',
  contenders: { unisock: unisock('thread', 1024), postMessage: postMessage(1024) },
  metrics: [metric('postMessage', 3.5)],
  rounds: 5,
}

export const linkProcess: Case = {
  name: 'link-process',
  contenders: { unisock: unisock('process', 64), thread: unisock('thread', 64) },
  metrics: [metric('thread', 0.85)],
  rounds: 5,
}
