/**
 * A keeper as the kernel sees it: supervised like a worker, and apart from the one whose store it holds.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Core } from '../core.ts'
import type { KeeperAddress, KeeperInspection } from '../keeper/control.ts'
import type { RestartPolicy } from './backoff.ts'
import type { IncarnationHandlers } from './incarnation.ts'
import { KeeperIncarnation } from './keeper-incarnation.ts'
import { connect } from './keeper-link.ts'
import { PrivateFolder } from './private-folder.ts'
import { Supervised } from './supervised.ts'
import type { WorkerIncarnation } from './worker-incarnation.ts'
import type { KeeperPlan, WorkerPlan } from './worker-plan.ts'

const TOKEN_BYTES = 32

export class KeeperHost extends Supervised<KeeperIncarnation> {
  protected readonly what = 'keeper'
  readonly #plan: WorkerPlan & { readonly keeper: KeeperPlan }
  readonly #workers = new Set<WorkerIncarnation>()
  /** Where it listens; undefined where ports can be handed over. */
  readonly #folder: PrivateFolder | undefined
  #address: KeeperAddress | undefined
  #givenUp: Error | undefined

  constructor(core: Core, plan: WorkerPlan & { readonly keeper: KeeperPlan }, policy?: RestartPolicy) {
    const { name, isolation, plugins, keeper } = plan
    super(core, { name, isolation: keeper.isolation, plugins }, policy)
    this.#plan = plan
    if (isolation === 'process' || keeper.isolation === 'process') this.#folder = new PrivateFolder()
  }

  override async start(): Promise<void> {
    try {
      await super.start()
    } catch (error) {
      if (this.state === 'starting') {
        this.state = 'failed'
        this.#giveUp(error as Error)
      }
      throw error
    }
  }

  override async stop(deadline: number): Promise<void> {
    await super.stop(deadline)
    this.#folder?.remove()
  }

  /** Has a worker's store connected, now or as soon as there is a keeper; and again when there is another. */
  join(worker: WorkerIncarnation): void {
    this.#workers.add(worker)
    if (this.#givenUp) tellGone(worker, this.#givenUp)
    else this.rejoin(worker)
  }

  /** A worker has lost its connection; a keeper that is being restarted gives it another by itself. */
  rejoin(worker: WorkerIncarnation): void {
    if (this.state === 'running') connect(this.incarnation!, worker, this.#address)
  }

  leave(worker: WorkerIncarnation): void {
    this.#workers.delete(worker)
  }

  async inspect(): Promise<KeeperInspection | undefined> {
    return this.state === 'running' ? this.incarnation!.inspect() : undefined
  }

  protected launch(handlers: IncarnationHandlers): KeeperIncarnation {
    const { name, keeper } = this.#plan
    const { isolation, resourceLimits } = keeper
    return new KeeperIncarnation(
      isolation,
      { entry: 'keeper', name: `${name} keeper`, resourceLimits },
      handlers,
    )
  }

  protected async greet(incarnation: KeeperIncarnation): Promise<void> {
    // A keeper that was killed leaves its socket behind: the next one has a name of its own.
    this.#address = this.#folder && {
      path: join(this.#folder.path, `store-${this.restarts}`),
      token: randomBytes(TOKEN_BYTES),
    }
    await incarnation.start({ limits: this.#plan.storeLimits!, address: this.#address ?? null })
  }

  protected onRunning(incarnation: KeeperIncarnation): void {
    incarnation.unref()
    for (const worker of this.#workers) this.rejoin(worker)
  }

  protected onLost(reason: Error, givenUp: boolean): void {
    if (givenUp) this.#giveUp(reason)
  }

  #giveUp(reason: Error): void {
    this.#givenUp = reason
    for (const worker of this.#workers) tellGone(worker, reason)
  }
}

function tellGone(worker: WorkerIncarnation, { message }: Error): void {
  worker.order({ kind: 'store-gone', reason: message })
}
