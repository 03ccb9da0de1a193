/**
 * Mode 43: an eventfd, and the group it may be in.
 * @module
 */
import {
  type Addr,
  type Driver,
  libraryFailure,
  type PluginSocket,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { noAddress } from '../no-address.ts'
import { EXTERNAL_EVENTFD_SEMAPHORE } from '../options.ts'
import { currentSystem } from '../system/load.ts'
import type { System } from '../system/system.ts'
import { Counter } from './counter.ts'
import { Group } from './group.ts'
import { EVENTFD_SERVICE, type EventfdService } from './service.ts'

export class EventfdSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #system: System = currentSystem('EXTERNAL_EVENTFD')
  #counter: Counter
  #group: Group | undefined

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#counter = this.#open(false)
    const service: EventfdService = { duplicate: () => this.#counter.duplicate() }
    socket.offer(EVENTFD_SERVICE, service)
  }

  /** Joins the group of that name; 0 joins none. @throws {SocketError} `EBADADDR`, `ESECURITY` */
  bind(at: Target): Addr {
    if (at.path === undefined) {
      noAddress(at, 'bind')
      return { address: 'eventfd', port: 0, family: 'local' }
    }
    try {
      this.#group = new Group(this.#system, at.path, count => this.#counter.add(count))
    } catch (error) {
      throw libraryFailure(error, 'bind')
    }
    return { address: at.path, port: 0, family: 'local' }
  }

  write(data: number | string): boolean {
    const count = BigInt(data)
    // The system takes a count of 0 and does nothing: reading resets the counter.
    if (count === 0n) return true
    if (!this.#group) return this.#counter.add(count)
    const { missed } = this.#group.signal(count)
    if (missed > 0)
      this.#socket.error(
        new SocketError(
          'EWOULDBLOCK',
          `${missed} members of the group are not keeping up and missed a signal`,
        ),
      )
    return true
  }

  resume(): void {
    this.#counter.resume()
  }

  /** What an eventfd is it is from the start: another takes its place, with its count. */
  setOption(option: number, value: unknown): void {
    if (option !== EXTERNAL_EVENTFD_SEMAPHORE) return
    const earlier = this.#counter
    this.#counter = this.#open(value as boolean)
    this.#counter.add(earlier.take())
    void earlier.close()
  }

  async close(): Promise<void> {
    this.#group?.leave()
    await this.#counter.close()
  }

  #open(semaphore: boolean): Counter {
    const socket = this.#socket
    const counter: Counter = new Counter(this.#system, semaphore, {
      count: value => {
        const wire = value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
        if (!socket.emit(wire)) counter.pause()
      },
      drain: () => socket.drained(),
      close: error => {
        if (!error || this.#counter !== counter) return
        this.#group?.leave()
        socket.close(libraryFailure(error))
      },
    })
    return counter
  }
}
