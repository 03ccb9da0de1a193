/**
 * A plugin worker as the kernel sees it: frames and calls to its fds, through all its incarnations.
 * @module
 */
import { Outcome } from '../calls/outcome.ts'
import { type OpenCall, PendingCalls } from '../calls/pending.ts'
import type { Core } from '../core.ts'
import { SocketError, toSocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import type { WorkerPort } from '../fds/worker-port.ts'
import { TO_WORKER } from '../link/frames.ts'
import { addCounters, type LinkCounters, noCounters } from '../link/link.ts'
import type { Plugin } from '../plugin/plugin.ts'
import type { ChildNotice, SpawnNotice } from '../spawn/messages.ts'
import type { CloseOptions } from '../types.ts'
import type { WorkerInspection } from '../worker/control.ts'
import type { RestartPolicy } from './backoff.ts'
import { receiveFrame } from './inbound.ts'
import type { IncarnationHandlers } from './incarnation.ts'
import type { KeeperHost } from './keeper-host.ts'
import { Leases } from './leases.ts'
import { replay, survivesRestart } from './replay.ts'
import { startOptions } from './start-options.ts'
import { Supervised } from './supervised.ts'
import { WorkerIncarnation } from './worker-incarnation.ts'
import type { WorkerPlan } from './worker-plan.ts'

/** Calls that may wait for a worker that is being restarted. */
const MAX_WAITING = 10_000

export class PluginHost extends Supervised<WorkerIncarnation> implements WorkerPort {
  readonly plugins: readonly Plugin[]
  readonly leases: Leases
  readonly calls = new PendingCalls(() => this.#keepAlive())
  protected readonly what = 'plugin worker'
  readonly #plan: WorkerPlan
  readonly #keeper: KeeperHost | undefined
  #waiting: (() => void)[] = []
  #openFds = 0
  #lacking: ReadonlyMap<number, string> = new Map()
  /** Children of lives that are over, being ended. */
  readonly #dying = new Set<Promise<void>>()
  readonly #unsubscribe: readonly (() => void)[]
  #keepsAlive = true
  #earlier: LinkCounters = noCounters()

  constructor(core: Core, plan: WorkerPlan, keeper: KeeperHost | undefined, policy?: RestartPolicy) {
    super(core, plan, policy)
    this.plugins = plan.plugins
    this.leases = new Leases(core)
    this.#plan = plan
    this.#keeper = keeper
    this.#unsubscribe = plan.plugins.flatMap(({ definition, config }) =>
      config ? [config.subscribe(value => this.#configure(definition.name, value))] : [],
    )
  }

  get now(): number {
    return this.incarnation?.link.readAt ?? performance.now()
  }

  get counters(): LinkCounters {
    const now = this.incarnation?.link.counters
    return now ? addCounters(this.#earlier, now) : this.#earlier
  }

  /** Writes a frame that asks for no answer; returns its size, 0 while the worker is down. */
  frame(op: number, fd: number, count: number, a?: unknown, b?: unknown): number {
    return this.state === 'running' ? this.incarnation!.link.frame(op, fd, count, a, b) : 0
  }

  send(op: number, fd: number, wire: unknown, transfer: boolean): number {
    if (this.state !== 'running') return 0
    const { link } = this.incarnation!
    return transfer ? link.transfer(op, fd, wire) : link.frame(op, fd, 1, wire)
  }

  credit(fd: number, bytes: number): void {
    this.frame(TO_WORKER.CREDIT, fd, 1, bytes)
  }

  grantSlots(): void {
    const lease = this.leases.take()
    if (lease) this.frame(TO_WORKER.GRANT, 0, 2, lease.firstSlot, lease.generation)
  }

  /** Writes a frame whose answer settles the outcome. While the worker is being restarted it waits. */
  call<T>(op: number, fd: number, a?: unknown, b?: unknown, c?: unknown): Outcome<T> {
    return this.openCall<T>(op, fd, a, b, c).outcome
  }

  openCall<T>(op: number, fd: number, a?: unknown, b?: unknown, c?: unknown): OpenCall<T> {
    return this.calls.open<T>(fd, sequence => {
      const write = (): void => void this.incarnation!.link.frame(op, fd, 4, sequence, a, b, c)
      if (this.state === 'running') return write()
      if (this.state !== 'restarting')
        throw this.failure('EPLUGIN', new Error(`the worker has ${this.state}`))
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

  /** Gives a call up: it rejects with the error, and the worker may stop working on it. */
  cancel(fd: number, sequence: number, error: Error): void {
    this.calls.take(sequence)?.reject(error)
    this.frame(TO_WORKER.CANCEL, fd, 1, sequence)
  }

  /** Asks the worker to end an fd, whose slot is then free. Resolves too when the worker is lost meanwhile. */
  close(fd: number, options: CloseOptions): Outcome<void> {
    const release = (): void => {
      if (!this.leases.covers(fd)) this.core.slots.release(fd)
    }
    if (this.state !== 'running') {
      release()
      return new Outcome(resolve => resolve())
    }
    if (options.abort) this.incarnation!.abort(fd)
    const closed = this.call<void>(TO_WORKER.CLOSE, fd, options)
    return new Outcome<void>((resolve, reject) => {
      closed.finally(release).then(
        () => resolve(),
        // Whatever the worker held is released with it.
        error => (error.code === 'EPLUGIN' || error.code === 'ECLOSED' ? resolve() : reject(error)),
      )
    })
  }

  closeQuietly(fd: number, options: CloseOptions): void {
    this.close(fd, options).catch(error => this.core.logger.warn({ fd, error }, 'an fd could not be closed'))
  }

  opened({ isConnection }: { readonly isConnection: boolean }): void {
    if (isConnection) return
    this.#openFds++
    this.#keepAlive()
  }

  released({ isConnection }: { readonly isConnection: boolean }): void {
    if (isConnection) return
    this.#openFds--
    this.#keepAlive()
  }

  /** What the program created and what it waits for keeps the process alive; nothing else does. */
  #keepAlive(): void {
    const needed = this.#openFds > 0 || this.calls.size > 0 || this.state !== 'running' || this.stopping
    if (needed === this.#keepsAlive) return
    this.#keepsAlive = needed
    if (needed) this.incarnation?.ref()
    else this.incarnation?.unref()
  }

  /** Drains it, and waits for the children it had. */
  override async stop(deadline: number): Promise<void> {
    for (const undo of this.#unsubscribe) undo()
    await super.stop(deadline)
    await Promise.all(this.#dying)
  }

  /** Why the system cannot serve a mode, as its plugin found; undefined where it can. */
  lacks(mode: number): string | undefined {
    return this.#lacking.get(mode)
  }

  #configure(plugin: string, config: unknown): void {
    this.frame(TO_WORKER.CONFIG, 0, 2, plugin, config)
  }

  async inspect(): Promise<WorkerInspection | undefined> {
    return this.state === 'running' ? this.incarnation!.inspect() : undefined
  }

  protected launch(handlers: IncarnationHandlers): WorkerIncarnation {
    this.#keepsAlive = true
    const { resourceLimits } = this.#plan
    return new WorkerIncarnation(
      this.isolation,
      { entry: 'worker', name: this.name, resourceLimits },
      handlers,
      (op, fd, size, a, b, c, d, e) => receiveFrame(this, op, fd, size, a, b, c, d, e),
    )
  }

  protected async greet(incarnation: WorkerIncarnation): Promise<void> {
    this.#keeper?.join(incarnation)
    const { lacking = [] } = await incarnation.start(startOptions(this.#plan))
    this.#lacking = new Map(lacking)
  }

  protected onRunning(): void {
    this.grantSlots()
    for (const { definition, config } of this.plugins)
      if (config) this.#configure(definition.name, config.value)
    this.#keepAlive()
  }

  protected override onRestarted(): void {
    replay(this)
    const waiting = this.#waiting
    this.#waiting = []
    for (const write of waiting) write()
  }

  protected onLost(reason: SocketError, givenUp: boolean): void {
    this.calls.rejectAll(fd => toSocketError(reason, 'EPLUGIN', { fd }))
    for (const entry of this.#entries()) if (givenUp || !survivesRestart(entry)) entry.finishWith(reason)
    this.leases.giveBack()
    if (givenUp) this.#waiting = []
  }

  protected override onChildren(incarnation: WorkerIncarnation, notice: SpawnNotice | ChildNotice): void {
    incarnation.children.noticed(notice)
  }

  protected override onStopped(): void {
    const reason = new SocketError('ECLOSED', 'the kernel was closed')
    this.calls.rejectAll(fd => toSocketError(reason, 'ECLOSED', { fd }))
    for (const entry of this.#entries()) entry.finish(reason)
  }

  protected override onBuried(incarnation: WorkerIncarnation): void {
    this.#earlier = this.counters
    this.#keeper?.leave(incarnation)
    const gone = incarnation.children.close().finally(() => this.#dying.delete(gone))
    this.#dying.add(gone)
  }

  protected override onStoreLost(incarnation: WorkerIncarnation): void {
    this.#keeper?.rejoin(incarnation)
  }

  *#entries(): Generator<Entry> {
    for (const entry of this.core.table) if (entry.host === this) yield entry
  }
}
