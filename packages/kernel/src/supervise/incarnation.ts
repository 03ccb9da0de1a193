/**
 * One life of a worker: launched, greeted, asked, stopped. A restart makes a new one.
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import { releaseProxy, wrap } from 'comlink'
import { fromErrorRecord } from '../errors.ts'
import { LAUNCHERS } from '../launch/launch.ts'
import type { Launched, LaunchOptions } from '../launch/launched.ts'
import { ControlPort, type Notice, type Order } from '../link/control.ts'
import { FRAME_VERSION } from '../link/frames.ts'
import type { Transport } from '../link/transport.ts'
import type { Isolation } from '../plugin/plugin.ts'
import type { Control, Hello } from '../worker/control.ts'

/** How long after its deadline (ms) a worker that was asked to stop is waited for. */
const STOP_GRACE = 1000

export interface IncarnationHandlers {
  readonly notice: (notice: Notice) => void
  /** It sent what cannot be read, or what a handler refused. */
  readonly broken: (error: unknown) => void
}

/** `Start` is what it is started with, `Inside` what it tells of itself. */
export class Incarnation<Start, Inside> {
  protected readonly transport: Transport
  readonly #launched: Launched
  readonly #control: ControlPort<Notice, Order>
  readonly #remote: Control<Start, Inside> & { [releaseProxy](): void }

  constructor(isolation: Isolation, options: LaunchOptions, { notice, broken }: IncarnationHandlers) {
    this.#launched = LAUNCHERS[isolation](options)
    this.transport = this.#launched.transport
    this.#control = new ControlPort<Notice, Order>(this.transport.control, notice, broken)
    this.#remote = wrap(this.#control.endpoint) as any
  }

  /** Resolves when it is gone, with what ended it. */
  get exited(): Promise<Error | undefined> {
    return this.#launched.exited
  }

  /** Rejects with the reason when it cannot do what it is started for, or when it ends before it does. */
  async start(options: Start): Promise<Hello> {
    const early = this.exited.then(error => {
      throw error ?? new Error('it ended before it was ready')
    })
    early.catch(() => {})
    const answer = await Promise.race([this.#remote.start(options), early])
    if (!answer.ok) throw fromErrorRecord(answer.error)
    const { frameVersion } = answer.value
    if (frameVersion === FRAME_VERSION) return answer.value
    throw new Error(`it speaks frame version ${frameVersion}, this kernel ${FRAME_VERSION}`)
  }

  /** Tells it something that may overtake what is queued on the data port. */
  order(order: Order): void {
    this.#control.notify(order)
  }

  /** Hands it a port. Not for processes. */
  give(port: MessagePort): void {
    this.#launched.give!(port)
  }

  async inspect(): Promise<Inside | undefined> {
    const answer = await Promise.race([this.#remote.inspect(), this.exited.then(() => undefined)])
    return answer?.ok ? answer.value : undefined
  }

  /** Asks it to drain within the deadline (ms) and to end; resolves when it did, or soon after the deadline. */
  async stop(deadline: number): Promise<void> {
    const late = new Promise(resolve => setTimeout(resolve, deadline + STOP_GRACE).unref())
    await Promise.race([this.#remote.stop(deadline), this.exited, late]).catch(() => {})
  }

  /** Reads what arrived before it was lost. */
  drain(): void {
    this.#control.drain()
  }

  kill(): void {
    this.#launched.kill()
  }

  ref(): void {
    this.#launched.ref()
  }

  unref(): void {
    this.#launched.unref()
  }

  /** Lets go of its channels. */
  release(): void {
    this.#remote[releaseProxy]()
    for (const channel of Object.values(this.transport)) channel.close()
  }
}
