/**
 * A plugin worker as the kernel sees it: started, spoken to, watched, restarted, given up.
 * @module
 */
import { type Remote, releaseProxy, wrap } from 'comlink'
import { Outcome } from '../calls/outcome.ts'
import { type OpenCall, PendingCalls } from '../calls/pending.ts'
import type { Core } from '../core.ts'
import { channels } from '../diagnostics.ts'
import { fromErrorRecord, SocketError, toSocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import { BLOCKS, blockOf } from '../fds/slots.ts'
import { LAUNCHERS, type Launched } from '../launch/launch.ts'
import { ControlPort, type Notice, type Order } from '../link/control.ts'
import { FRAME_VERSION, TO_WORKER } from '../link/frames.ts'
import { Link, type LinkCounters } from '../link/link.ts'
import type { Isolation, Plugin } from '../plugin/plugin.ts'
import type { CloseOptions } from '../types.ts'
import type { Answer, Hello, WorkerControl, WorkerInspection } from '../worker/control.ts'
import { Backoff, type RestartPolicy } from './backoff.ts'
import { receiveFrame } from './inbound.ts'
import { replay } from './replay.ts'

export type HostState = 'starting' | 'running' | 'restarting' | 'failed' | 'stopped'

/** Calls that may wait for a worker that is being restarted. */
const MAX_WAITING = 10_000

export class PluginHost {
  readonly name: string
  readonly isolation: Isolation
  readonly plugins: readonly Plugin[]
  readonly core: Core
  readonly calls = new PendingCalls(() => this.#keepAlive())
  /** Which blocks of slots the present incarnation has. */
  readonly blocks = new Uint8Array(BLOCKS)
  readonly #backoff: Backoff
  state: HostState = 'starting'
  restarts = 0
  #launched: Launched | undefined
  #link: Link | undefined
  #control: ControlPort<Notice, Order> | undefined
  #remote: Remote<WorkerControl> | undefined
  /** The present incarnation's end as the kernel decided it: a protocol violation. */
  #verdict: Error | undefined
  #waiting: (() => void)[] = []
  #stopping = false
  #keepsAlive = true
  #openFds = 0
  #restartTimer: NodeJS.Timeout | undefined
  #retired: LinkCounters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, batchesIn: 0, batchesOut: 0 }

  constructor(
    core: Core,
    name: string,
    isolation: Isolation,
    plugins: readonly Plugin[],
    policy?: RestartPolicy,
  ) {
    this.core = core
    this.name = name
    this.isolation = isolation
    this.plugins = plugins
    this.#backoff = new Backoff(policy)
  }

  get pluginNames(): string[] {
    return this.plugins.map(plugin => plugin.definition.name)
  }

  get running(): boolean {
    return this.state === 'running'
  }

  /** The time of the batch being read: exact enough for an fd's age, and free. */
  get now(): number {
    return this.#link?.readAt ?? performance.now()
  }

  get counters(): LinkCounters {
    const now = this.#link?.counters
    if (!now) return this.#retired
    const sum = { ...this.#retired }
    for (const key of Object.keys(sum) as (keyof LinkCounters)[]) sum[key] += now[key]
    return sum
  }

  /** Starts the worker; rejects with EPLUGINLOAD when it cannot be loaded. */
  async start(): Promise<void> {
    const limits = this.plugins.find(plugin => plugin.settings.resourceLimits)?.settings.resourceLimits
    const launched = LAUNCHERS[this.isolation]({ name: this.name, resourceLimits: limits })
    this.#launched = launched
    this.#keepsAlive = true
    this.#verdict = undefined
    const control = new ControlPort<Notice, Order>(launched.transport.control, notice => this.#notice(notice))
    this.#control = control
    this.#remote = wrap<WorkerControl>(control.endpoint)
    this.#link = new Link(
      launched.transport.data,
      (op, fd, size, a, b, c, d, e) => receiveFrame(this, op, fd, size, a, b, c, d, e),
      error => this.#violated(error),
    )
    const exited = launched.exited.then(error => {
      throw this.#lost('EPLUGINLOAD', error ?? new Error('it ended before it was ready'))
    })
    exited.catch(() => {})
    const answer = await Promise.race([
      this.#remote.start(this.#startOptions()) as Promise<Answer<Hello>>,
      exited,
    ])
    if (!answer.ok) {
      launched.kill()
      throw this.#lost('EPLUGINLOAD', fromErrorRecord(answer.error))
    }
    if (answer.value.frameVersion !== FRAME_VERSION) {
      launched.kill()
      throw this.#lost(
        'EPLUGINLOAD',
        new Error(`it speaks frame version ${answer.value.frameVersion}, this kernel ${FRAME_VERSION}`),
      )
    }
    this.grantSlots()
    this.state = 'running'
    this.#keepAlive()
    void launched.exited.then(error => this.#exited(launched, error))
  }

  #startOptions() {
    const options = this.plugins.flatMap(plugin => plugin.definition.options)
    return {
      plugins: this.plugins.map(({ definition }) => ({
        name: definition.name,
        worker: definition.worker.href,
        modes: definition.modes.map(mode => mode.number),
      })),
      defaults: options
        .filter(option => option.default !== undefined)
        .map(option => [option.number, option.default] as const),
      appending: options.filter(option => option.journal === 'append').map(option => option.number),
    }
  }

  /** Writes a frame that asks for no answer; returns its size, 0 while the worker is down. */
  frame(op: number, fd: number, count: number, a?: unknown, b?: unknown, c?: unknown): number {
    return this.state === 'running' ? this.#link!.frame(op, fd, count, a, b, c) : 0
  }

  send(op: number, fd: number, wire: unknown, transfer: boolean): number {
    if (this.state !== 'running') return 0
    return transfer ? this.#link!.transfer(op, fd, wire) : this.#link!.frame(op, fd, 1, wire)
  }

  credit(fd: number, bytes: number): void {
    this.frame(TO_WORKER.CREDIT, fd, 1, bytes)
  }

  /** Writes a frame whose answer settles the outcome. While the worker is being restarted it waits. */
  call<T>(op: number, fd: number, a?: unknown, b?: unknown, c?: unknown): Outcome<T> {
    return this.openCall<T>(op, fd, a, b, c).outcome
  }

  openCall<T>(op: number, fd: number, a?: unknown, b?: unknown, c?: unknown): OpenCall<T> {
    return this.calls.open<T>(fd, sequence => {
      const write = (): void => void this.#link!.frame(op, fd, 4, sequence, a, b, c)
      if (this.state === 'running') return write()
      if (this.state !== 'restarting') throw this.#lost('EPLUGIN', new Error(`the worker has ${this.state}`))
      if (this.#waiting.length >= MAX_WAITING)
        throw new SocketError('ENOBUFS', `${MAX_WAITING} calls wait for worker ${this.name}`, { fd })
      this.#waiting.push(() => {
        try {
          write()
        } catch (error) {
          this.calls.take(sequence)?.reject(error as Error)
        }
      })
    })
  }

  /** Asks the worker to end an fd; the fd's slot is free when it has. Resolves too when the worker is lost meanwhile. */
  close(fd: number, options: CloseOptions): Outcome<void> {
    const own = blockOf(fd)
    const release = (): void => {
      if (this.blocks[own] === 0) this.core.slots.release(fd)
    }
    if (this.state !== 'running') {
      release()
      return new Outcome(resolve => resolve())
    }
    if (options.abort) this.#control?.notify({ kind: 'abort', fd })
    const closed = this.call<void>(TO_WORKER.CLOSE, fd, options)
    return new Outcome<void>((resolve, reject) =>
      closed.then(
        () => {
          release()
          resolve()
        },
        error => {
          release()
          if (error.code === 'EPLUGIN') resolve()
          else reject(error)
        },
      ),
    )
  }

  closeQuietly(fd: number, options: CloseOptions): void {
    this.close(fd, options).catch(error => this.core.logger.warn({ fd, error }, 'an fd could not be closed'))
  }

  /** Gives a call up: it rejects with the error, and the worker may stop working on it. */
  cancel(fd: number, sequence: number, error: Error): void {
    this.calls.take(sequence)?.reject(error)
    this.frame(TO_WORKER.CANCEL, fd, 1, sequence)
  }

  opened(entry: Entry): void {
    if (entry.isConnection) return
    this.#openFds++
    this.#keepAlive()
  }

  released(entry: Entry): void {
    if (entry.isConnection) return
    this.#openFds--
    this.#keepAlive()
  }

  /** What the program created and what it waits for keeps the process alive; nothing else does. */
  #keepAlive(): void {
    const needed = this.#openFds > 0 || this.calls.size > 0 || this.state !== 'running'
    if (needed === this.#keepsAlive) return
    this.#keepsAlive = needed
    if (needed) this.#launched?.ref()
    else this.#launched?.unref()
  }

  grantSlots(): void {
    const block = this.core.ledger.take()
    if (!block) return
    this.blocks[block.block] = 1
    this.#link!.frame(TO_WORKER.GRANT, 0, 2, block.firstSlot, block.generation)
  }

  async inspect(): Promise<WorkerInspection | undefined> {
    if (!this.running) return undefined
    const answer = await Promise.race([
      this.#remote!.inspect() as Promise<Answer<WorkerInspection>>,
      this.#launched!.exited.then(() => undefined),
    ])
    return answer?.ok ? answer.value : undefined
  }

  /** Drains the worker within the deadline (ms) and ends it. */
  async stop(deadline: number): Promise<void> {
    clearTimeout(this.#restartTimer)
    this.#stopping = true
    this.#launched?.ref()
    const launched = this.#launched
    if (this.running && launched) {
      this.#link!.flush()
      const stopped = Promise.race([this.#remote!.stop(deadline), launched.exited])
      const late = new Promise(resolve => setTimeout(resolve, deadline + 1000).unref())
      await Promise.race([stopped, late]).catch(() => {})
    }
    this.state = 'stopped'
    const reason = new SocketError('ECLOSED', 'the kernel was closed')
    this.#release(reason)
    for (const entry of this.core.table) if (entry.host === this) entry.finish(reason)
    launched?.kill()
    await launched?.exited
    for (const channel of Object.values(launched?.transport ?? {})) channel.close()
  }

  /** The worker sent what no honest worker sends. */
  #violated(error: unknown): void {
    this.#verdict = toSocketError(error, 'EPROTO')
    this.core.logger.error({ worker: this.name, error }, 'a worker broke the link protocol and is ended')
    this.#launched?.kill()
  }

  #exited(launched: Launched, error: Error | undefined): void {
    if (this.#stopping || this.#launched !== launched) return
    if (!this.#verdict) {
      this.#link!.drain()
      this.#control!.drain()
    }
    const reason = this.#lost('EPLUGIN', this.#verdict ?? error ?? new Error('it ended by itself'))
    const delay = this.#backoff.next(performance.now())
    this.state = delay === undefined ? 'failed' : 'restarting'
    this.restarts++
    channels.restart.publish({
      worker: this.name,
      plugins: this.pluginNames,
      reason,
      restarts: this.restarts,
      givenUp: delay === undefined,
    })
    this.core.logger.error(
      { worker: this.name, plugins: this.pluginNames, error: reason, restartInMs: delay },
      delay === undefined ? 'a plugin worker failed too often and is given up' : 'a plugin worker failed',
    )
    this.#release(reason)
    for (const entry of this.core.table)
      if (entry.host === this && !survivesRestart(entry)) entry.finishWith(reason)
    this.#giveBlocksBack()
    for (const channel of Object.values(launched.transport)) channel.close()
    if (delay === undefined) this.#giveUp(reason)
    else this.#restartTimer = setTimeout(() => void this.#restart(), delay)
  }

  /** Ends what cannot outlive an incarnation: its link and its calls. */
  #release(reason: SocketError): void {
    const link = this.#link
    if (link) {
      const sum = this.counters
      this.#link = undefined
      this.#retired = sum
      link.close()
    }
    this.#remote?.[releaseProxy]()
    this.#remote = undefined
    this.calls.rejectAll(fd => toSocketError(reason, 'EPLUGIN', { fd }))
  }

  #giveBlocksBack(): void {
    for (let block = 0; block < this.blocks.length; block++) {
      if (this.blocks[block] === 0) continue
      this.blocks[block] = 0
      this.core.ledger.giveBack(block, this.core.table.lastGeneration(block))
    }
  }

  #giveUp(reason: SocketError): void {
    this.#waiting = []
    for (const entry of this.core.table) if (entry.host === this) entry.finishWith(reason)
  }

  async #restart(): Promise<void> {
    try {
      await this.start()
    } catch (error) {
      // The launched worker may have exited before it was ready: that failure counts like any other.
      const launched = this.#launched!
      this.#verdict ??= error as Error
      await launched.exited
      return this.#exited(launched, error as Error)
    }
    replay(this)
    const waiting = this.#waiting
    this.#waiting = []
    for (const write of waiting) write()
  }

  #notice(notice: Notice): void {
    if (notice.kind === 'log')
      this.core.logger[notice.level]({ worker: this.name, ...notice.details }, notice.message)
  }

  #lost(code: 'EPLUGIN' | 'EPLUGINLOAD', cause: Error): SocketError {
    const plugins = this.pluginNames.join(', ')
    const what = code === 'EPLUGIN' ? 'failed' : 'could not be loaded'
    return new SocketError(code, `worker ${this.name} (${plugins}) ${what}: ${cause.message}`, { cause })
  }
}

function survivesRestart(entry: Entry): boolean {
  return entry.isListener || (!entry.isConnection && entry.mode.restart === 'reconnect')
}
