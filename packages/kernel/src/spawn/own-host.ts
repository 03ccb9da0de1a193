/**
 * The process host of a worker that is a process itself.
 * @module
 */
import type { ChildGroup } from './child.ts'
import { processId } from './descendants.ts'
import type { ChildNotice } from './messages.ts'
import { type HostRequest, ProcessHost, type Spawner } from './process-host.ts'

/** The kernel is told who is to go, should the worker be killed. */
export class OwnHost implements Spawner {
  readonly #host = new ProcessHost()
  readonly #notify: (notice: ChildNotice) => void

  constructor(notify: (notice: ChildNotice) => void) {
    this.#notify = notify
  }

  async spawn(request: HostRequest): Promise<ChildGroup> {
    const child = await this.#host.spawn(request)
    const { pid, started } = processId(child.pid)
    this.#notify({ kind: 'child-started', pid, started: started ?? null })
    void child.exited.then(() => this.#notify({ kind: 'child-over', pid }))
    return child
  }

  close(): Promise<void> {
    return this.#host.close()
  }
}
