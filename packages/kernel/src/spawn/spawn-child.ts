/**
 * The worker's side of spawning, whoever the host is.
 * @module
 */
import { closeSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Child, ChildExit, ChildGroup, SpawnRequest } from './child.ts'
import type { Spawner } from './process-host.ts'
import { StreamDoor } from './stream-door.ts'

/** Starts a child and joins its streams. */
export async function spawnChild(spawner: Spawner, request: SpawnRequest): Promise<Child> {
  const count = request.stdio.reduce<number>((most, each) => Math.max(most, streamsUpTo(each)), 0)
  let door: StreamDoor | undefined
  try {
    door = count > 0 ? await StreamDoor.open(count) : undefined
  } catch (error) {
    for (const each of request.stdio) if (typeof each === 'object') closeSync(each.descriptor)
    throw error
  }
  try {
    const group = await spawner.spawn({ ...request, door: door ? { path: door.path, count } : null })
    return new WorkerChild(group, door ? await door.streams() : [])
  } catch (error) {
    door?.abandon()
    throw error
  }
}

function streamsUpTo(each: SpawnRequest['stdio'][number]): number {
  return typeof each === 'number' ? each + 1 : 0
}

class WorkerChild implements Child {
  readonly streams: readonly Socket[]
  readonly #group: ChildGroup

  constructor(group: ChildGroup, streams: readonly Socket[]) {
    this.#group = group
    this.streams = streams
  }

  get pid(): number {
    return this.#group.pid
  }

  get exited(): Promise<ChildExit> {
    return this.#group.exited
  }

  kill(signal: NodeJS.Signals): void {
    this.#group.kill(signal)
  }

  end(how?: { now?: boolean }): void {
    this.#group.end(how)
  }
}
