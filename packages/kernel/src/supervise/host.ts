/**
 * A plugin worker as the kernel sees it, through all its incarnations: restarted when it fails, given up when it fails
 * too often.
 * @module
 */
import { Outcome } from '../calls/outcome.ts'
import { type OpenCall, PendingCalls } from '../calls/pending.ts'
import type { Core } from '../core.ts'
import { channels, type RestartEvent } from '../diagnostics.ts'
import { SocketError, toSocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import type { WorkerPort } from '../fds/worker-port.ts'
import type { Notice } from '../link/control.ts'
import { TO_WORKER } from '../link/frames.ts'
import { addCounters, type LinkCounters, noCounters } from '../link/link.ts'
import type { Isolation, Plugin } from '../plugin/plugin.ts'
import type { CloseOptions } from '../types.ts'
import type { StartOptions, WorkerInspection } from '../worker/control.ts'
import { Backoff, type RestartPolicy } from './backoff.ts'
import { receiveFrame } from './inbound.ts'
import { Incarnation } from './incarnation.ts'
import { Leases } from './leases.ts'
import { replay } from './replay.ts'

export type HostState = 'starting' | 'running' | 'restarting' | 'failed' | 'stopped'

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies Notice['level'][]
/** Calls that may wait for a worker that is being restarted. */
const MAX_WAITING = 10_000

export class PluginHost implements WorkerPort {
  readonly name: string
  readonly isolation: Isolation
  readonly plugins: readonly Plugin[]
  readonly core: Core
  readonly leases: Leases
  readonly calls = new PendingCalls(() => this.#keepAlive())
  readonly #backoff: Backoff
  state: HostState = 'starting'
  restarts = 0
  #incarnation: Incarnation | undefined
  /** The end of the present incarnation as the kernel decided it: it broke the protocol, or could not be loaded. */
  #verdict: Error | undefined
  #waiting: (() => void)[] = []
  #openFds = 0
  #keepsAlive = true
  #stopping = false
  #restartTimer: NodeJS.Timeout | undefined
  #earlier: LinkCounters = noCounters()

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
    this.leases = new Leases(core)
    this.#backoff = new Backoff(policy)
  }

  get pluginNames(): string[] {
    return this.plugins.map(plugin => plugin.definition.name)
  }

  get now(): number {
    return this.#incarnation?.link.readAt ?? performance.now()
  }

  get counters(): LinkCounters {
    const now = this.#incarnation?.link.counters
    return now ? addCounters(this.#earlier, now) : this.#earlier
  }

  /** Starts the worker; rejects with EPLUGINLOAD when it cannot be loaded. */
  async start(): Promise<void> {
    const resourceLimits = this.plugins.find(plugin => plugin.settings.resourceLimits)?.settings
      .resourceLimits
    const incarnation = new Incarnation(
      this.isolation,
      { name: this.name, resourceLimits },
      {
        frame: (op, fd, size, a, b, c, d, e) => receiveFrame(this, op, fd, size, a, b, c, d, e),
        notice: notice => this.#notice(notice),
        broken: error => this.#violated(error),
      },
    )
    this.#incarnation = incarnation
    this.#keepsAlive = true
    this.#verdict = undefined
    try {
      await incarnation.start(this.#startOptions())
    } catch (error) {
      incarnation.kill()
      throw this.#lost('EPLUGINLOAD', error as Error)
    }
    this.state = 'running'
    this.grantSlots()
    this.#keepAlive()
    void incarnation.exited.then(error => this.#exited(incarnation, error))
  }

  #startOptions(): StartOptions {
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
  frame(op: number, fd: number, count: number, a?: unknown, b?: unknown): number {
    return this.state === 'running' ? this.#incarnation!.link.frame(op, fd, count, a, b) : 0
  }

  send(op: number, fd: number, wire: unknown, transfer: boolean): number {
    if (this.state !== 'running') return 0
    const { link } = this.#incarnation!
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
      const write = (): void => void this.#incarnation!.link.frame(op, fd, 4, sequence, a, b, c)
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
    if (options.abort) this.#incarnation!.abort(fd)
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
    const needed = this.#openFds > 0 || this.calls.size > 0 || this.state !== 'running' || this.#stopping
    if (needed === this.#keepsAlive) return
    this.#keepsAlive = needed
    if (needed) this.#incarnation?.ref()
    else this.#incarnation?.unref()
  }

  async inspect(): Promise<WorkerInspection | undefined> {
    return this.state === 'running' ? this.#incarnation!.inspect() : undefined
  }

  /** Drains the worker within the deadline (ms) and ends it. */
  async stop(deadline: number): Promise<void> {
    clearTimeout(this.#restartTimer)
    this.#stopping = true
    this.#keepAlive()
    const incarnation = this.#incarnation
    if (this.state === 'running') await incarnation!.stop(deadline)
    this.state = 'stopped'
    const reason = new SocketError('ECLOSED', 'the kernel was closed')
    this.calls.rejectAll(fd => toSocketError(reason, 'ECLOSED', { fd }))
    for (const entry of this.#entries()) entry.finish(reason)
    incarnation?.kill()
    await incarnation?.exited
    this.#bury()
  }

  /** The worker sent what no honest worker sends. */
  #violated(error: unknown): void {
    this.#verdict = toSocketError(error, 'EPROTO')
    this.core.logger.error({ worker: this.name, error }, 'a worker broke the link protocol and is ended')
    this.#incarnation?.kill()
  }

  #exited(incarnation: Incarnation, error: Error | undefined): void {
    if (this.#stopping || this.#incarnation !== incarnation) return
    if (!this.#verdict) incarnation.drain()
    const reason = this.#lost('EPLUGIN', this.#verdict ?? error ?? new Error('it ended by itself'))
    const delay = this.#backoff.next(performance.now())
    this.state = delay === undefined ? 'failed' : 'restarting'
    this.restarts++
    this.#announce(reason, delay)
    this.#bury()
    this.calls.rejectAll(fd => toSocketError(reason, 'EPLUGIN', { fd }))
    for (const entry of this.#entries())
      if (delay === undefined || !survivesRestart(entry)) entry.finishWith(reason)
    this.leases.giveBack()
    if (delay === undefined) this.#waiting = []
    else this.#restartTimer = setTimeout(() => void this.#restart(), delay)
  }

  #announce(reason: SocketError, delay: number | undefined): void {
    const { name: worker, pluginNames: plugins, restarts } = this
    const givenUp = delay === undefined
    channels.restart.publish({ worker, plugins, reason, restarts, givenUp } satisfies RestartEvent)
    this.core.logger.error(
      { worker, plugins, error: reason, restartInMs: delay },
      givenUp ? 'a plugin worker failed too often and is given up' : 'a plugin worker failed',
    )
  }

  async #restart(): Promise<void> {
    try {
      await this.start()
    } catch (error) {
      // A worker that does not come up has failed like one that went down; one of a closed kernel is gone.
      const incarnation = this.#incarnation
      if (!incarnation) return
      this.#verdict ??= error as Error
      await incarnation.exited
      return this.#exited(incarnation, error as Error)
    }
    if (this.#stopping) return
    replay(this)
    const waiting = this.#waiting
    this.#waiting = []
    for (const write of waiting) write()
  }

  #bury(): void {
    this.#earlier = this.counters
    this.#incarnation?.release()
    this.#incarnation = undefined
  }

  *#entries(): Generator<Entry> {
    for (const entry of this.core.table) if (entry.host === this) yield entry
  }

  #notice(notice: Notice): void {
    const { level, message, details } = notice
    if (!LEVELS.includes(level)) throw new SocketError('EPROTO', `a log line of level ${level}`)
    this.core.logger[level]({ worker: this.name, ...details }, message)
  }

  #lost(code: 'EPLUGIN' | 'EPLUGINLOAD', cause: Error): SocketError {
    const what = code === 'EPLUGIN' ? 'failed' : 'could not be loaded'
    const message = `worker ${this.name} (${this.pluginNames.join(', ')}) ${what}: ${cause.message}`
    return new SocketError(code, message, { cause })
  }
}

/** What holds no connection is opened again; a connection is over with its worker. */
function survivesRestart(entry: Entry): boolean {
  if (entry.isConnection) return false
  if (entry.isListener || entry.mode.restart === 'reconnect') return true
  return entry.mode.kind === 'both' && (entry.phase === 'new' || entry.phase === 'bound')
}
