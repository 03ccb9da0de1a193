/**
 * A worker through all its incarnations: restarted when it fails, given up when it fails too often.
 * @module
 */
import type { Core } from '../core.ts'
import { channels, type RestartEvent } from '../diagnostics.ts'
import { SocketError, toSocketError } from '../errors.ts'
import type { LogLine, Notice } from '../link/control.ts'
import type { Isolation, Plugin } from '../plugin/plugin.ts'
import type { ChildNotice, SpawnNotice } from '../spawn/messages.ts'
import { Backoff, type RestartPolicy } from './backoff.ts'
import type { Incarnation, IncarnationHandlers } from './incarnation.ts'

export type HostState = 'starting' | 'running' | 'restarting' | 'failed' | 'stopped'

export interface SupervisedPlan {
  readonly name: string
  readonly isolation: Isolation
  readonly plugins: readonly Plugin[]
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies LogLine['level'][]

export abstract class Supervised<Life extends Incarnation<any, any>> {
  readonly core: Core
  /** The worker's name; a keeper has that of the worker it stands by. */
  readonly name: string
  readonly isolation: Isolation
  readonly pluginNames: readonly string[]
  state: HostState = 'starting'
  restarts = 0
  protected incarnation: Life | undefined
  protected stopping = false
  protected abstract readonly what: 'plugin worker' | 'keeper'
  readonly #backoff: Backoff
  /** The end of the present incarnation as the kernel decided it: it broke the protocol, or could not be loaded. */
  #verdict: Error | undefined
  #restartTimer: NodeJS.Timeout | undefined

  constructor(core: Core, { name, isolation, plugins }: SupervisedPlan, policy: RestartPolicy | undefined) {
    this.core = core
    this.name = name
    this.isolation = isolation
    this.pluginNames = plugins.map(plugin => plugin.definition.name)
    this.#backoff = new Backoff(policy)
  }

  protected abstract launch(handlers: IncarnationHandlers): Life
  protected abstract greet(incarnation: Life): Promise<void>
  /** It has started. */
  protected abstract onRunning(incarnation: Life): void
  /** It is gone; `givenUp`: for good. */
  protected abstract onLost(reason: SocketError, givenUp: boolean): void
  /** It has started once more, and the kernel is not being closed. */
  protected onRestarted(): void {}
  /** It was asked to stop, and is ended next. */
  protected onStopped(): void {}
  /** An incarnation is let go of. */
  protected onBuried(_incarnation: Life): void {}
  /** It speaks of child processes. */
  protected onChildren(_incarnation: Life, { kind }: SpawnNotice | ChildNotice): void {
    throw new SocketError('EPROTO', `a ${this.what} has no say in ${kind}`)
  }
  /** It has no connection to its store any more. */
  protected onStoreLost(_incarnation: Life): void {}

  /** Starts it; rejects with EPLUGINLOAD when it cannot be loaded. */
  async start(): Promise<void> {
    const incarnation: Life = this.launch({
      notice: notice => this.#noticed(incarnation, notice),
      broken: error => this.#violated(error),
    })
    this.incarnation = incarnation
    this.#verdict = undefined
    try {
      await this.greet(incarnation)
    } catch (error) {
      incarnation.kill()
      throw this.failure('EPLUGINLOAD', error as Error)
    }
    if (this.stopping) return
    this.state = 'running'
    this.onRunning(incarnation)
    void incarnation.exited.then(error => this.#exited(incarnation, error))
  }

  /** Drains it within the deadline (ms) and ends it. */
  async stop(deadline: number): Promise<void> {
    clearTimeout(this.#restartTimer)
    this.stopping = true
    const { incarnation } = this
    incarnation?.ref()
    if (this.state === 'running') await incarnation!.stop(deadline)
    this.state = 'stopped'
    this.onStopped()
    incarnation?.kill()
    await incarnation?.exited
    this.#bury()
  }

  protected failure(code: 'EPLUGIN' | 'EPLUGINLOAD', cause: Error): SocketError {
    const whose = `${this.name} (${this.pluginNames.join(', ')})`
    const who = this.what === 'keeper' ? `the keeper of worker ${whose}` : `worker ${whose}`
    const failed = code === 'EPLUGIN' ? 'failed' : 'could not be loaded'
    return new SocketError(code, `${who} ${failed}: ${cause.message}`, { cause })
  }

  /** The worker sent what no honest worker sends. */
  #violated(error: unknown): void {
    this.#verdict = toSocketError(error, 'EPROTO')
    this.core.logger.error(
      { worker: this.name, error },
      `a ${this.what} broke the link protocol and is ended`,
    )
    this.incarnation?.kill()
  }

  #exited(incarnation: Life, error: Error | undefined): void {
    if (this.stopping || this.incarnation !== incarnation) return
    if (!this.#verdict) incarnation.drain()
    const reason = this.failure('EPLUGIN', this.#verdict ?? error ?? new Error('it ended by itself'))
    const delay = this.#backoff.next(performance.now())
    this.state = delay === undefined ? 'failed' : 'restarting'
    this.restarts++
    this.#announce(reason, delay)
    this.#bury()
    this.onLost(reason, delay === undefined)
    if (delay !== undefined) this.#restartTimer = setTimeout(() => void this.#restart(), delay)
  }

  #announce(reason: SocketError, delay: number | undefined): void {
    const { name: worker, pluginNames: plugins, restarts, what } = this
    const keeper = what === 'keeper'
    const givenUp = delay === undefined
    channels.restart.publish({ worker, keeper, plugins, reason, restarts, givenUp } satisfies RestartEvent)
    this.core.logger.error(
      { worker, plugins, error: reason, restartInMs: delay },
      givenUp ? `a ${what} failed too often and is given up` : `a ${what} failed`,
    )
  }

  async #restart(): Promise<void> {
    try {
      await this.start()
    } catch (error) {
      // A worker that does not come up has failed like one that went down; one of a closed kernel is gone.
      const { incarnation } = this
      if (!incarnation) return
      this.#verdict ??= error as Error
      await incarnation.exited
      return this.#exited(incarnation, error as Error)
    }
    if (!this.stopping) this.onRestarted()
  }

  #bury(): void {
    const { incarnation } = this
    if (!incarnation) return
    this.onBuried(incarnation)
    incarnation.release()
    this.incarnation = undefined
  }

  #noticed(incarnation: Life, notice: Notice): void {
    if (notice.kind === 'store-lost') return this.onStoreLost(incarnation)
    if (notice.kind !== 'log') return this.onChildren(incarnation, notice)
    const { level, message, details } = notice
    if (!LEVELS.includes(level)) throw new SocketError('EPROTO', `a log line of level ${level}`)
    this.core.logger[level]({ worker: this.name, ...details }, message)
  }
}
