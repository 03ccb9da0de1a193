/**
 * One fd in its worker: what the driver speaks to.
 * @module
 */
import { type ErrorRecord, SocketError, toErrorRecord, toSocketError } from '../errors.ts'
import { FROM_WORKER } from '../link/frames.ts'
import type { Connection, Driver, EmitOptions, LogEntry, PluginSocket } from '../plugin/driver.ts'
import { SO_OVERFLOW, SO_READ_WINDOW, SO_WRITE_HIGH_WATER } from '../plugin/options/socket.ts'
import type { Child, SpawnRequest } from '../spawn/child.ts'
import type { Store } from '../store/store.ts'
import type { Addr, Option } from '../types.ts'
import { DropReport } from './drop-report.ts'
import { Serial } from './serial.ts'
import { SocketChildren } from './socket-children.ts'
import type { WorkerHost } from './worker-host.ts'
import { WorkerOptions } from './worker-options.ts'

const OVERFLOW_FACTOR = 16

export class WorkerSocket implements PluginSocket {
  readonly fd: number
  readonly mode: number
  readonly host: WorkerHost
  readonly parent: WorkerSocket | undefined
  driver!: Driver
  ended = false
  /** Half-closed by the peer and told so. */
  #peerEnded = false
  #values: WorkerOptions | undefined
  #serial: Serial | undefined
  #kept: Map<string, unknown> | undefined
  #calls: Map<number, AbortController> | undefined
  #offers: Map<string, unknown> | undefined
  #children: SocketChildren | undefined
  #credit: number
  #starved = false
  /** Bytes the driver has written out and the owner was not told of. */
  #taken = 0
  /** Bytes the driver holds since it last returned false. */
  #blockedBytes = 0
  #blocked = false
  /** Bytes of broadcasts among what it holds. */
  #sharedBytes = 0
  /** A broadcast's newest message for a reader that is not keeping up. */
  #latest: { data: unknown } | undefined
  #drops: DropReport | undefined
  /** Why binding failed last: what the listen behind it is told. */
  bindError: unknown
  bound = false

  constructor(host: WorkerHost, fd: number, mode: number, parent?: WorkerSocket) {
    this.host = host
    this.fd = fd
    this.mode = mode
    this.parent = parent
    this.#credit = (parent ?? this).window
  }

  get values(): WorkerOptions {
    return (this.#values ??= new WorkerOptions(this.host.defaults, this.parent?.values))
  }

  get serial(): Serial {
    return (this.#serial ??= new Serial())
  }

  get store(): Store {
    return this.host.stores.store
  }

  get config(): unknown {
    return this.host.configOf(this.mode)
  }

  /** True when nothing this fd does keeps a write from running now. */
  get idle(): boolean {
    return this.#serial === undefined || this.#serial.open
  }

  get kept(): ReadonlyMap<string, unknown> {
    return (this.#kept ??= new Map())
  }

  /** SO_READ_WINDOW, in bytes. */
  get window(): number {
    return this.option(SO_READ_WINDOW as Option<number>) ?? 256 * 1024
  }

  restoreKept(rows: readonly (readonly [string, unknown])[]): void {
    this.#kept = new Map(rows)
  }

  option<T>(option: Option<T, any>): T {
    const values = this.#values ?? this.parent?.values
    return (values ? values.get(option) : this.host.defaults.get(option)) as T
  }

  options<T>(option: Option<T, any>): readonly T[] {
    return this.values.all(option) as T[]
  }

  emit(data: unknown, options?: EmitOptions): boolean {
    if (this.ended) return false
    const handler = options?.handler
    if (handler !== undefined)
      return this.spend(this.host.frame(FROM_WORKER.EVENT, this.fd, 2, data, handler))
    if (options?.transfer) return this.spend(this.host.transfer(FROM_WORKER.EVENT, this.fd, data))
    return this.spend(this.host.frame(FROM_WORKER.EVENT, this.fd, 1, data))
  }

  /** SO_READ_WINDOW was changed by so many bytes: for a listener, on all its connections that have no value of their own. */
  widen(bytes: number): void {
    this.credited(bytes)
    for (const socket of this.host.table)
      if (socket.parent === this && !socket.#values?.owns(SO_READ_WINDOW)) socket.credited(bytes)
  }

  /** Uses credit up; false when none is left. */
  spend(size: number): boolean {
    this.#credit -= size
    if (this.#credit > 0) return true
    this.#starved = true
    return false
  }

  credited(bytes: number): void {
    this.#credit += bytes
    if (!this.#starved || this.#credit <= 0) return
    this.#starved = false
    this.guard(() => this.driver.resume?.())
  }

  accept(
    addr: Addr,
    driver: (connection: Connection) => Driver,
    first?: { data: unknown; handler?: number | undefined },
  ): Connection | undefined {
    return this.host.accept(this, addr, driver, first)
  }

  end(): void {
    if (this.ended || this.#peerEnded) return
    this.#peerEnded = true
    this.host.frame(FROM_WORKER.ENDED, this.fd, 0)
  }

  close(error?: Error): void {
    if (this.ended) return
    this.#drops?.flush()
    this.host.frame(FROM_WORKER.CLOSED, this.fd, 1, error ? toErrorRecord(error, 'ECONNRESET') : null)
    this.finish()
    this.endChildren()
  }

  error(error: Error): boolean {
    if (this.ended) return false
    if (this.#credit > 0) return this.#report(toErrorRecord(error, 'EPROTO'))
    this.dropped(1)
    return false
  }

  dropped(count: number): void {
    if (this.ended) return
    this.#drops ??= new DropReport(sum => this.#tellDropped(sum))
    this.#drops.add(count)
  }

  keep(key: string, value: unknown): void {
    if (this.ended) return
    this.#kept ??= new Map()
    if (value === undefined) this.#kept.delete(key)
    else this.#kept.set(key, value)
    this.host.frame(FROM_WORKER.KEEP, this.fd, 2, key, value)
  }

  offer(name: string, service: unknown): void {
    this.#offers ??= new Map()
    this.#offers.set(name, service)
  }

  offered<T>(fd: number, name: string): T | undefined {
    const socket = this.host.table.get(fd)
    return socket && (socket.#offers?.get(name) as T | undefined)
  }

  reopened({ address, port, family }: Addr): void {
    if (this.ended) return
    this.host.frame(FROM_WORKER.REOPENED, this.fd, 2, address, family === 'local' ? -1 : port)
  }

  retire(functions: readonly number[]): void {
    if (functions.length > 0 && !this.ended) this.host.frame(FROM_WORKER.RETIRE, this.fd, 1, functions)
  }

  spawn(request: SpawnRequest): Promise<Child> {
    this.#children ??= new SocketChildren()
    return this.#children.adopt(this.host.spawning.spawn(request))
  }

  /** The driver is done with what it spawned. */
  endChildren(): void {
    this.#children?.end()
  }

  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, details: LogEntry = {}): void {
    this.host.log(level, message, { fd: this.fd, ...details })
  }

  /** Hands data to the driver and keeps account of what it holds back. */
  write(data: unknown, size: number): void {
    let open: boolean | undefined
    try {
      open = this.driver.write?.(data, false)
      if (open === undefined)
        throw new SocketError('ENOTSUP', 'this mode takes no writes', { fd: this.fd, op: 'write' })
    } catch (error) {
      this.#took(size)
      return this.#writeFailed(error)
    }
    if (this.ended) return
    if (open && !this.#blocked) return this.#took(size)
    this.#blocked = !open
    this.#blockedBytes += size
    if (open) this.drained()
  }

  /** The last data: the fd has ended for the owner, and for the table. */
  writeLast(data: unknown): void {
    this.finish()
    try {
      this.driver.write?.(data, true)
    } catch (error) {
      this.log('error', 'a final write failed', { error: toErrorRecord(error, 'EPLUGIN') })
      this.guard(() => this.driver.close?.({ abort: true }))
    }
  }

  /**
   * A broadcast waits for nobody: SO_OVERFLOW says what a slow reader gets. It costs the owner no credit, so none goes
   * back for it.
   */
  writeShared(data: unknown, size: number): void {
    if (!this.#blocked) return this.write(data, 0)
    const policy = this.option(SO_OVERFLOW as Option<string>)
    if (policy === 'close') {
      this.#sharedBytes += size
      const highWater = this.option(SO_WRITE_HIGH_WATER as Option<number>) ?? 256 * 1024
      if (this.#sharedBytes <= highWater * OVERFLOW_FACTOR) return this.write(data, 0)
      return this.abort(new SocketError('ENOBUFS', undefined, { fd: this.fd, op: 'broadcast' }))
    }
    if (policy === 'drop' || this.#latest) this.#tellDropped(1)
    if (policy === 'latest') this.#latest = { data }
  }

  drained(): void {
    this.#blocked = false
    this.#sharedBytes = 0
    const bytes = this.#blockedBytes
    this.#blockedBytes = 0
    if (bytes > 0) this.#took(bytes)
    const latest = this.#latest
    if (!latest || this.ended) return
    this.#latest = undefined
    this.write(latest.data, 0)
  }

  /** Ends the fd and drops what the driver holds. */
  abort(error?: Error): void {
    this.close(error)
    this.guard(() => this.driver.close?.({ abort: true }))
  }

  /** The fd is over on this side. */
  finish(): void {
    if (this.ended) return
    this.ended = true
    this.#serial?.clear()
    this.#drops?.stop()
    this.host.release(this)
    for (const controller of this.#calls?.values() ?? []) controller.abort()
  }

  /** Runs something of the driver that answers to nobody; a throw ends the fd. */
  guard(run: () => unknown): void {
    try {
      const returned = run()
      if (returned instanceof Promise) returned.catch(error => this.#failed(error))
    } catch (error) {
      this.#failed(error)
    }
  }

  /** A controller for a call that may be cancelled. */
  openCall(sequence: number): AbortSignal {
    this.#calls ??= new Map()
    const controller = new AbortController()
    this.#calls.set(sequence, controller)
    return controller.signal
  }

  endCall(sequence: number): void {
    this.#calls?.delete(sequence)
  }

  cancelCall(sequence: number): void {
    this.#calls?.get(sequence)?.abort()
  }

  #took(size: number): void {
    this.#taken += size
    if (this.ended) return
    const highWater = (this.option(SO_WRITE_HIGH_WATER as Option<number>) ?? 256 * 1024) >> 2
    if (this.#taken < highWater) return
    this.host.frame(FROM_WORKER.CREDIT, this.fd, 1, this.#taken)
    this.#taken = 0
  }

  /** What the program did wrong is reported; anything else ends the fd. */
  #writeFailed(error: unknown): void {
    const record = toErrorRecord(error, 'EPLUGIN')
    if (record.category === 'usage') this.#report(record)
    else this.#failed(error)
  }

  #tellDropped(count: number): void {
    this.host.frame(FROM_WORKER.DROPPED, this.fd, 1, count)
  }

  #report(record: ErrorRecord): boolean {
    return this.spend(this.host.frame(FROM_WORKER.ERROR, this.fd, 1, record))
  }

  #failed(error: unknown): void {
    if (this.ended) {
      this.log('error', 'a driver failed after its fd had ended', { error: toErrorRecord(error, 'EPLUGIN') })
      return
    }
    this.abort(toSocketError(error, 'EPLUGIN'))
  }
}
