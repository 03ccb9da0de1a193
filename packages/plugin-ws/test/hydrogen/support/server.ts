/**
 * Kernels with a live Hydrogen server, and its clients.
 * @module
 */
import { createKernel, type Isolation, type Kernel } from '@unisock/kernel'
import { type LogLine, memoryLogger } from '../../../../../test/support/memory-logger.ts'
import { watchLaunches } from '../../../../kernel/test/support/launches.ts'
import {
  createHydrogenServer,
  type HydrogenMetrics,
  type HydrogenServer,
  type HydrogenServerOptions,
  ws,
} from '../../../src/index.ts'
import { HydrogenPeer, type Message, type PeerOptions, type ResumeRequest } from './peer.ts'

export const APART: readonly Isolation[] = ['thread', 'process']

/** Keys are the names of their users, who may do everything. */
export const KEYS = ['ann', 'bob'].map(user => ({ key: user, user, permissions: ['*'] }))

export interface ServingOptions extends HydrogenServerOptions {
  isolation?: Isolation
  /** State outlives the worker. */
  keeper?: boolean
}

/** What all kernels here launch. */
let launches: ReturnType<typeof watchLaunches> | undefined

export class Serving implements AsyncDisposable {
  readonly kernel: Kernel
  readonly server: HydrogenServer
  readonly lines: readonly LogLine[]
  readonly url: string
  readonly #peers: HydrogenPeer[] = []

  private constructor(kernel: Kernel, server: HydrogenServer, lines: readonly LogLine[]) {
    this.kernel = kernel
    this.server = server
    this.lines = lines
    this.url = `ws://127.0.0.1:${server.address.port}/`
  }

  static async start({ isolation = 'inline', keeper = false, ...options }: ServingOptions): Promise<Serving> {
    const logger = memoryLogger()
    launches ??= watchLaunches()
    const kernel = await createKernel({
      plugins: [ws({ isolation, keeper: keeper && {} })],
      logger,
      restart: { initialDelay: 1, maxDelay: 5, intensity: 100 },
    })
    try {
      const server = await createHydrogenServer(kernel, { keys: KEYS, status: false, at: 0, ...options })
      return new Serving(kernel, server, logger.lines)
    } catch (error) {
      await kernel.close()
      throw error
    }
  }

  get port(): number {
    return this.server.address.port
  }

  get restarts(): number {
    return this.kernel.metrics().workers.ws!.restarts
  }

  /** A connection without a session. */
  async open(options?: PeerOptions): Promise<HydrogenPeer> {
    return this.#keep(await HydrogenPeer.open(this.url, options))
  }

  /** A client with a session. */
  async client(options?: PeerOptions): Promise<HydrogenPeer> {
    const peer = await this.open(options)
    await peer.connect()
    return peer
  }

  /** A new connection on which a session goes on. */
  async resumed(
    before: HydrogenPeer,
    request: ResumeRequest = {},
    options?: PeerOptions,
  ): Promise<{ peer: HydrogenPeer; answer: Message }> {
    const peer = await this.open(options)
    peer.token = before.token
    return { peer, answer: await peer.resume(request) }
  }

  /** Cuts connections; resolves when the server has noticed. */
  async cut(...peers: HydrogenPeer[]): Promise<void> {
    const { connections } = await this.server.metrics()
    await Promise.all(peers.map(peer => peer.cut()))
    await this.measured(metrics => metrics.connections === connections - peers.length)
  }

  /** Resolves when the server's counters are as they are wanted. */
  async measured(wanted: (metrics: HydrogenMetrics) => boolean): Promise<HydrogenMetrics> {
    for (;;) {
      const metrics = await this.server.metrics()
      if (wanted(metrics)) return metrics
    }
  }

  /** Publishes events one after the other, `{ n }` from `first` on. */
  async publish(topic: string, count: number, { first = 1, ...options }: Message = {}): Promise<void> {
    const published: Promise<unknown>[] = []
    for (let n = first; n < first + count; n++) published.push(this.server.publish(topic, { n }, options))
    await Promise.all(published)
  }

  /** Ends the worker, or its keeper, of the server that was started last, without a goodbye; resolves when another listens. */
  async kill(what: 'worker' | 'keeper' = 'worker'): Promise<void> {
    const lives = (): number => {
      const { workers, keepers } = this.kernel.metrics()
      return what === 'worker' ? workers.ws!.restarts : keepers.ws!.restarts
    }
    const before = lives()
    await launches!.kill(what)
    while (lives() === before) await new Promise(resolve => setImmediate(resolve))
    if (what === 'worker') await this.#listens()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#peers.map(peer => peer.cut()))
    await this.kernel.close()
  }

  #keep(peer: HydrogenPeer): HydrogenPeer {
    this.#peers.push(peer)
    return peer
  }

  async #listens(): Promise<void> {
    for (;;)
      try {
        await (await HydrogenPeer.open(this.url)).cut()
        return
      } catch {}
  }
}

export const serve = (options: ServingOptions = {}): Promise<Serving> => Serving.start(options)
