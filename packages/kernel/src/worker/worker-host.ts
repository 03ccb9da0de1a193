/**
 * The worker's side of the link: fds to drivers, frames to calls.
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import { SocketError, toErrorRecord, toSocketError } from '../errors.ts'
import { SlotAllocator } from '../fds/slots.ts'
import { FdTable } from '../fds/table.ts'
import type { ControlPort, Notice, Order } from '../link/control.ts'
import { FROM_WORKER } from '../link/frames.ts'
import { Link } from '../link/link.ts'
import type { Channel } from '../link/transport.ts'
import type { Connection, Driver, WorkerDefinition } from '../plugin/driver.ts'
import type { Addr } from '../types.ts'
import { inspectMemory, type WorkerInspection } from './control.ts'
import { receiveFrame } from './inbound.ts'
import { WorkerSocket } from './worker-socket.ts'
import { WorkerSpawning } from './worker-spawning.ts'
import { WorkerStore } from './worker-store.ts'

/** Free slots below which the worker asks for another block. */
const FEW_SLOTS = 4096

export class WorkerHost {
  readonly table = new FdTable<WorkerSocket>()
  readonly defaults = new Map<number, unknown>()
  readonly appending = new Set<number>()
  /** What the program gave each plugin, by its name. */
  readonly configs = new Map<string, unknown>()
  readonly #definitions = new Map<number, { plugin: string; definition: WorkerDefinition }>()
  readonly #disposers = new Set<WorkerDefinition>()
  readonly slots = new SlotAllocator()
  readonly stores: WorkerStore
  readonly spawning: WorkerSpawning
  readonly #link: Link
  readonly #control: ControlPort<Order, Notice>
  #askedForSlots = false
  #connections = 0
  /** Called when the last connection ends; set while the worker stops. */
  #onLastConnection: (() => void) | undefined

  constructor(channel: Channel, control: ControlPort<Order, Notice>, onBroken: (error: unknown) => void) {
    this.#control = control
    this.stores = new WorkerStore({
      onError: error =>
        this.log('error', 'a listener of the store failed', { error: toErrorRecord(error, 'EPLUGIN') }),
      onMissing: () => control.notify({ kind: 'store-lost' }),
    })
    this.spawning = new WorkerSpawning(notice => control.notify(notice))
    this.#link = new Link(
      channel,
      (op, fd, size, a, b, c, d) => receiveFrame(this, op, fd, size, a, b, c, d),
      onBroken,
    )
  }

  /** Registers who opens fds of a mode. */
  serve(mode: number, plugin: string, definition: WorkerDefinition): void {
    this.#definitions.set(mode, { plugin, definition })
    this.#disposers.add(definition)
  }

  /** What the program gave the plugin of a mode. */
  configOf(mode: number): unknown {
    const served = this.#definitions.get(mode)
    return served && this.configs.get(served.plugin)
  }

  frame(
    op: number,
    fd: number,
    count: number,
    a?: unknown,
    b?: unknown,
    c?: unknown,
    d?: unknown,
    e?: unknown,
  ): number {
    return this.#link.frame(op, fd, count, a, b, c, d, e)
  }

  /** As `frame`, for one field whose large Uint8Arrays are handed over. */
  transfer(op: number, fd: number, data: unknown): number {
    return this.#link.transfer(op, fd, data)
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, details: object): void {
    this.#control.notify({ kind: 'log', level, message, details })
  }

  /** Takes a port to the keeper of the store. */
  take(port: MessagePort): void {
    void this.stores.keeper.then(keeper => keeper.take(port))
  }

  /** Posts the open batch now. */
  flush(): void {
    this.#link.flush()
  }

  /** Opens an fd the kernel created. A driver that cannot be made ends the fd with its error. */
  create(fd: number, mode: number, kept: readonly (readonly [string, unknown])[] | null): void {
    const socket = new WorkerSocket(this, fd, mode)
    if (kept) socket.restoreKept(kept)
    this.table.add(socket)
    try {
      const served = this.#definitions.get(mode)
      if (!served) throw new SocketError('EMODENOTSUPP', `no plugin of this worker serves mode ${mode}`)
      socket.driver = served.definition.open(mode, socket)
    } catch (error) {
      socket.driver = {}
      socket.close(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Opens an fd for what a listener accepted, from the worker's own slots. */
  accept(
    listener: WorkerSocket,
    addr: Addr,
    makeDriver: (connection: Connection) => Driver,
    first: { data: unknown; handler?: number | undefined } | undefined,
  ): WorkerSocket | undefined {
    if (listener.ended) return undefined
    const fd = this.slots.allocate()
    if (fd < 0) return undefined
    if (!this.#askedForSlots && this.slots.free < FEW_SLOTS) {
      this.#askedForSlots = true
      this.frame(FROM_WORKER.NEED_SLOTS, 0, 1, this.slots.free)
    }
    const connection = new WorkerSocket(this, fd, listener.mode, listener)
    this.table.add(connection)
    this.#connections++
    const port = addr.family === 'local' ? -1 : addr.port
    if (first) {
      const { data, handler = null } = first
      connection.spend(this.frame(FROM_WORKER.ACCEPT, fd, 5, listener.fd, addr.address, port, handler, data))
    } else this.frame(FROM_WORKER.OPEN, fd, 3, listener.fd, addr.address, port)
    try {
      connection.driver = makeDriver(connection)
      return connection
    } catch (error) {
      connection.driver = {}
      connection.close(toSocketError(error, 'EPLUGIN'))
      return undefined
    }
  }

  /** More slots came. */
  grant(firstSlot: number, generation: number): void {
    this.slots.grant(firstSlot, generation)
    this.#askedForSlots = false
  }

  release(socket: WorkerSocket): void {
    this.table.remove(socket)
    if (!socket.parent) return
    this.slots.release(socket.fd)
    if (--this.#connections === 0) this.#onLastConnection?.()
  }

  /** The connections of a listener. */
  *connectionsOf(listener: WorkerSocket): Generator<WorkerSocket> {
    for (const socket of this.table) if (socket.parent === listener) yield socket
  }

  inspect(): WorkerInspection {
    const listeners = Array.from(this.table).filter(socket => socket.parent === undefined)
    return {
      pid: process.pid,
      fds: this.table.size,
      free: this.slots.free,
      memory: inspectMemory(),
      listeners: listeners.map(({ fd, mode, driver }) => ({
        fd,
        mode,
        inspection: driver.inspect?.() ?? null,
      })),
    }
  }

  /** Stops accepting, lets what is in flight finish within the deadline (ms), then ends the rest. */
  async stop(deadline: number): Promise<void> {
    const sockets = [...this.table]
    const drained = Promise.allSettled(sockets.map(async socket => socket.driver.drain?.()))
    await Promise.race([drained.then(() => this.#connectionsEnded()), delay(deadline)])
    await this.dispose()
    this.#link.flush()
  }

  /** Ends every fd at once and releases what the plugins hold. */
  async dispose(): Promise<void> {
    const sockets = [...this.table]
    await Promise.allSettled(
      sockets.map(async socket => {
        socket.ended = true
        this.table.remove(socket)
        await socket.driver.close?.({ abort: true })
      }),
    )
    await Promise.allSettled([...this.#disposers].map(async definition => definition.dispose?.()))
    await this.spawning.dispose()
    await this.stores.dispose()
  }

  /** Drained listeners and clients stay in the table; only connections are waited for. */
  #connectionsEnded(): Promise<void> {
    if (this.#connections === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#onLastConnection = resolve
    })
  }
}

function delay(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
