/**
 * How a worker spawns: by its kernel, or by itself where it is a process.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Child, SpawnRequest } from '../spawn/child.ts'
import type { ChildNotice, SpawnNotice, SpawnOrder } from '../spawn/messages.ts'
import type { OwnHost } from '../spawn/own-host.ts'
import type { RemoteHost } from '../spawn/remote-host.ts'

export class WorkerSpawning {
  readonly #notify: (notice: SpawnNotice | ChildNotice) => void
  #hosted = true
  #remote: Promise<RemoteHost> | undefined
  #own: Promise<OwnHost> | undefined

  constructor(notify: (notice: SpawnNotice | ChildNotice) => void) {
    this.#notify = notify
  }

  start(hosted: boolean): void {
    this.#hosted = hosted
  }

  /** What it consists of is loaded with the first child. */
  async spawn(request: SpawnRequest): Promise<Child> {
    const { spawnChild } = await import('../spawn/spawn-child.ts')
    return spawnChild(await this.#spawner(), request)
  }

  obey(order: SpawnOrder): void {
    if (!this.#remote) throw new SocketError('EPROTO', `an order of unknown kind ${order.kind}`)
    void this.#remote.then(host => host.obey(order))
  }

  async dispose(): Promise<void> {
    await (await this.#own)?.close()
  }

  #spawner(): Promise<RemoteHost | OwnHost> {
    if (this.#hosted)
      return (this.#remote ??= import('../spawn/remote-host.ts').then(
        ({ RemoteHost }) => new RemoteHost(this.#notify),
      ))
    return (this.#own ??= import('../spawn/own-host.ts').then(({ OwnHost }) => new OwnHost(this.#notify)))
  }
}
