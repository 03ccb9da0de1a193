/**
 * The children of one life of a worker as its kernel keeps them: hosted for a thread, known for a process.
 * @module
 */
import { constants } from 'node:os'
import { SocketError, toErrorRecord } from '../errors.ts'
import { checkRequest } from './check-request.ts'
import { descendants, lives, type ProcessId } from './descendants.ts'
import { killAll, killGroup } from './group.ts'
import type { HostedChild } from './hosted-child.ts'
import type { ChildNotice, SpawnNotice, SpawnOrder } from './messages.ts'
import { ProcessHost } from './process-host.ts'

export class WorkerChildren {
  readonly #order: (order: SpawnOrder) => void
  readonly #host = new ProcessHost()
  readonly #hosted = new Map<number, HostedChild>()
  readonly #known = new Map<number, ProcessId>()
  #closed = false

  constructor(order: (order: SpawnOrder) => void) {
    this.#order = order
  }

  /** @throws SocketError EPROTO for what no honest worker says */
  noticed(notice: SpawnNotice | ChildNotice): void {
    switch (notice.kind) {
      case 'spawn':
        return void this.#spawn(identifier(notice.id), notice.request)
      case 'child-kill': {
        if (!Object.hasOwn(constants.signals, notice.signal)) throw lie(`${notice.signal} is no signal`)
        return this.#hosted.get(notice.id)?.kill(notice.signal)
      }
      case 'child-end':
        return this.#hosted.get(notice.id)?.end({ now: notice.now === true })
      case 'child-started': {
        const { pid, started } = notice
        return void this.#known.set(identifier(pid), { pid, started: started ?? undefined })
      }
      case 'child-over':
        return void this.#known.delete(notice.pid)
    }
  }

  /** The worker is gone: its children are killed. Resolves when those that are this process's have been waited for. */
  async close(): Promise<void> {
    this.#closed = true
    for (const known of this.#known.values()) killOrphans(known)
    this.#known.clear()
    await this.#host.close()
  }

  async #spawn(id: number, request: unknown): Promise<void> {
    try {
      const child = await this.#host.spawn(checkRequest(request))
      this.#hosted.set(id, child)
      this.#tell({ kind: 'spawned', id, pid: child.pid })
      const exit = await child.exited
      this.#hosted.delete(id)
      this.#tell({ kind: 'child-exited', id, ...exit })
    } catch (error) {
      this.#tell({ kind: 'spawn-failed', id, error: toErrorRecord(error, 'ESOCKET') })
    }
  }

  #tell(order: SpawnOrder): void {
    if (!this.#closed) this.#order(order)
  }
}

/** A child whose parent is gone; nobody has to wait for it here. */
function killOrphans(child: ProcessId): void {
  if (!lives(child)) return
  const strays = descendants(child.pid)
  killGroup(child.pid, 'SIGKILL')
  killAll(strays)
}

function identifier(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw lie(`${String(value)} is no child`)
}

function lie(what: string): SocketError {
  return new SocketError('EPROTO', `the worker's notice is wrong: ${what}`)
}
