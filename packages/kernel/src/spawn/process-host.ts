/**
 * The children of one worker's life, in the process that spawned them: a worker thread that is ended would leave its own
 * running, and dead ones unwaited for.
 * @module
 */
import { closeSync } from 'node:fs'
import { SocketError } from '../errors.ts'
import type { ChildGroup, SpawnRequest } from './child.ts'
import { HostedChild } from './hosted-child.ts'
import { knock } from './stream-door.ts'

/** A request with where its streams are to be joined. */
export interface HostRequest extends SpawnRequest {
  readonly door: { readonly path: string; readonly count: number } | null
}

/** Who starts a worker's children. */
export interface Spawner {
  /** Rejects with the reason when the program cannot be run. What the request hands over is closed in any case. */
  spawn(request: HostRequest): Promise<ChildGroup>
}

export class ProcessHost implements Spawner {
  readonly #children = new Set<HostedChild>()
  #closed = false

  async spawn(request: HostRequest): Promise<HostedChild> {
    const { door } = request
    try {
      const streams = door ? await knock(door.path, door.count) : []
      try {
        if (this.#closed) throw new SocketError('ECANCELED', 'the worker that asked for it is gone')
        return this.#adopt(await HostedChild.start(request, streams))
      } finally {
        for (const stream of streams) stream.destroy()
      }
    } finally {
      for (const each of request.stdio) if (typeof each === 'object') closeSync(each.descriptor)
    }
  }

  get size(): number {
    return this.#children.size
  }

  /** Kills every child with its group; resolves when all have ended and been waited for. None is started any more. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all(
      Array.from(this.#children, child => {
        child.ref()
        child.end({ now: true })
        return child.exited
      }),
    )
  }

  #adopt(child: HostedChild): HostedChild {
    this.#children.add(child)
    void child.exited.then(() => this.#children.delete(child))
    if (this.#closed) child.end({ now: true })
    return child
  }
}
