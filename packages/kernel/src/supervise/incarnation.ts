/**
 * One life of a plugin worker: launched, greeted, spoken to, stopped. A restart makes a new one.
 * @module
 */
import { type Remote, releaseProxy, wrap } from 'comlink'
import { fromErrorRecord } from '../errors.ts'
import { LAUNCHERS } from '../launch/launch.ts'
import type { Launched, LaunchOptions } from '../launch/launched.ts'
import { ControlPort, type Notice, type Order } from '../link/control.ts'
import { FRAME_VERSION, type FrameHandler } from '../link/frames.ts'
import { Link } from '../link/link.ts'
import type { Isolation } from '../plugin/plugin.ts'
import type { StartOptions, WorkerControl, WorkerInspection } from '../worker/control.ts'

/** How long after its deadline (ms) a worker that was asked to stop is waited for. */
const STOP_GRACE = 1000

export interface IncarnationHandlers {
  readonly frame: FrameHandler
  readonly notice: (notice: Notice) => void
  /** It sent what cannot be read, or what the frame handler refused. */
  readonly broken: (error: unknown) => void
}

export class Incarnation {
  readonly link: Link
  readonly #launched: Launched
  readonly #control: ControlPort<Notice, Order>
  readonly #remote: Remote<WorkerControl>

  constructor(isolation: Isolation, options: LaunchOptions, { frame, notice, broken }: IncarnationHandlers) {
    this.#launched = LAUNCHERS[isolation](options)
    const { data, control } = this.#launched.transport
    this.#control = new ControlPort<Notice, Order>(control, notice, broken)
    this.#remote = wrap<WorkerControl>(this.#control.endpoint)
    this.link = new Link(data, frame, broken)
  }

  /** Resolves when it is gone, with what ended it. */
  get exited(): Promise<Error | undefined> {
    return this.#launched.exited
  }

  /** Has the plugins loaded; rejects with the reason when they cannot be, or when it ends before they are. */
  async start(options: StartOptions): Promise<void> {
    const early = this.exited.then(error => {
      throw error ?? new Error('it ended before it was ready')
    })
    early.catch(() => {})
    const answer = await Promise.race([this.#remote.start(options), early])
    if (!answer.ok) throw fromErrorRecord(answer.error)
    const { frameVersion } = answer.value
    if (frameVersion === FRAME_VERSION) return
    throw new Error(`it speaks frame version ${frameVersion}, this kernel ${FRAME_VERSION}`)
  }

  /** Ends an fd past everything queued on the data port. */
  abort(fd: number): void {
    this.#control.notify({ kind: 'abort', fd })
  }

  async inspect(): Promise<WorkerInspection | undefined> {
    const answer = await Promise.race([this.#remote.inspect(), this.exited.then(() => undefined)])
    return answer?.ok ? answer.value : undefined
  }

  /** Asks it to drain within the deadline (ms) and to end; resolves when it did, or soon after the deadline. */
  async stop(deadline: number): Promise<void> {
    this.link.flush()
    const late = new Promise(resolve => setTimeout(resolve, deadline + STOP_GRACE).unref())
    await Promise.race([this.#remote.stop(deadline), this.exited, late]).catch(() => {})
  }

  /** Reads what arrived before it was lost. */
  drain(): void {
    this.link.drain()
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
    this.link.close()
    for (const channel of Object.values(this.#launched.transport)) channel.close()
  }
}
