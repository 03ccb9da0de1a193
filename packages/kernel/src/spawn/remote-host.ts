/**
 * The worker's side of a process host that is the kernel's.
 * @module
 */
import { fromErrorRecord } from '../errors.ts'
import type { ChildExit, ChildGroup } from './child.ts'
import type { SpawnNotice, SpawnOrder } from './messages.ts'
import type { HostRequest, Spawner } from './process-host.ts'

interface Pending {
  readonly started: PromiseWithResolvers<number>
  readonly exited: PromiseWithResolvers<ChildExit>
}

export class RemoteHost implements Spawner {
  readonly #notify: (notice: SpawnNotice) => void
  readonly #children = new Map<number, Pending>()
  #last = 0

  constructor(notify: (notice: SpawnNotice) => void) {
    this.#notify = notify
  }

  async spawn(request: HostRequest): Promise<ChildGroup> {
    const id = ++this.#last
    const started = Promise.withResolvers<number>()
    const exited = Promise.withResolvers<ChildExit>()
    this.#children.set(id, { started, exited })
    this.#notify({ kind: 'spawn', id, request })
    const pid = await started.promise
    return {
      pid,
      exited: exited.promise,
      kill: signal => this.#notify({ kind: 'child-kill', id, signal }),
      end: ({ now = false } = {}) => this.#notify({ kind: 'child-end', id, now }),
    }
  }

  obey(order: SpawnOrder): void {
    const child = this.#children.get(order.id)
    if (!child) return
    if (order.kind === 'spawned') return child.started.resolve(order.pid)
    this.#children.delete(order.id)
    if (order.kind === 'child-exited') child.exited.resolve({ code: order.code, signal: order.signal })
    else child.started.reject(fromErrorRecord(order.error))
  }
}
