/**
 * The kernel: fds, options and calls over the workers of the plugins a program chose.
 * @module
 */
import * as address from './calls/address.ts'
import { checkHandlers } from './calls/handlers.ts'
import * as options from './calls/options.ts'
import { Outcome } from './calls/outcome.ts'
import { request } from './calls/request.ts'
import { broadcast, write, writeMany } from './calls/write.ts'
import type { Core } from './core.ts'
import { SocketError, toSocketError } from './errors.ts'
import { resume } from './fds/deliver.ts'
import { Entry } from './fds/entry.ts'
import { isFdNumber } from './fds/slots.ts'
import { type FdStatus, type Inspection, inspect, type Metrics, metrics, statusOf } from './inspect.ts'
import { TO_WORKER } from './link/frames.ts'
import { Socket } from './socket.ts'
import type { PluginHost } from './supervise/host.ts'
import type { KeeperHost } from './supervise/keeper-host.ts'
import type {
  Addr,
  AnyOption,
  BindTarget,
  CloseOptions,
  Conn,
  ConnectTarget,
  Fd,
  Handlers,
  MessageHandler,
  Mode,
  ModeSpec,
  Option,
  RequestOptions,
  WriteOptions,
} from './types.ts'

/** Milliseconds that `close` lets what is in flight take. */
const DRAIN_MS = 10_000

/** Made by `createKernel`. Its promises never become unhandled rejections: what nobody awaits goes to `error`. */
export class Kernel {
  readonly #core: Core
  readonly #hosts: readonly PluginHost[]
  readonly #keepers: readonly KeeperHost[]
  readonly #hostOfPlugin: ReadonlyMap<string, PluginHost>
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(core: Core, hosts: readonly PluginHost[], keepers: readonly KeeperHost[]) {
    this.#core = core
    this.#hosts = hosts
    this.#keepers = keepers
    this.#hostOfPlugin = new Map(hosts.flatMap(host => host.pluginNames.map(name => [name, host] as const)))
  }

  /**
   * Opens an fd of a mode.
   * @throws SocketError EMODENOTSUPP for a mode no chosen plugin serves, naming the package to add
   */
  create<S extends ModeSpec>(mode: Mode<S>, handlers: Handlers<S>): Fd<S>
  create<S extends ModeSpec>(mode: Mode<S>, message: MessageHandler<S>, close?: Handlers<S>['close']): Fd<S>
  create(
    mode: Mode<any>,
    first: Handlers<any> | MessageHandler<any>,
    close?: Handlers<any>['close'],
  ): Fd<any> {
    this.#checkOpen('create')
    const { definition, plugin } = this.#core.registry.mode(mode)
    const handlers = typeof first === 'function' ? { message: first, ...(close ? { close } : {}) } : first
    checkHandlers(handlers, 'create')
    const host = this.#hostOfPlugin.get(plugin.name)!
    if (host.state === 'failed')
      throw new SocketError('EPLUGIN', `worker ${host.name} was given up after ${host.restarts} failures`, {
        op: 'create',
      })
    const lack = host.lacks(definition.number)
    if (lack !== undefined)
      throw new SocketError('ENOTSUP', `${definition.name} is not available here: ${lack}`, { op: 'create' })
    const fd = this.#allocate()
    new Entry(this.#core, host, fd, definition, handlers)
    host.frame(TO_WORKER.CREATE, fd, 2, definition.number, null)
    for (const [option, value] of definition.defaults) void this.setOption(fd as Fd<any>, option, value)
    return fd as Fd<any>
  }

  /** Gives an fd other handlers. */
  attach<S extends ModeSpec>(fd: Fd<S>, handlers: Handlers<S>): void {
    checkHandlers(handlers, 'attach')
    this.#live(fd, 'attach').handlers = handlers
  }

  /** The mode's fd as an object, with the same calls. Without handlers it is iterated. */
  socket<S extends ModeSpec>(mode: Mode<S>, handlers?: Handlers<S>): Socket<S> {
    return Socket.create(this, mode, handlers)
  }

  /** Sets an option. The value is validated at once; a value the worker refuses leaves the old one in force. */
  setOption<S extends ModeSpec, T>(
    fd: Fd<S>,
    option: Option<T, S['family']>,
    value: NoInfer<T>,
  ): Promise<void> {
    return this.#call(fd, 'setOption', entry => options.setOption(this.#core, entry, option, value))
  }

  /** The value set last, or the default, from the kernel's own copy. Secrets read `'[redacted]'`. */
  getOption<S extends ModeSpec, T>(fd: Fd<S>, option: Option<T, S['family']>): T {
    return options.getOption(this.#core, this.#live(fd, 'getOption'), option) as T
  }

  /** Asks the worker: statistics, negotiated values. */
  query<S extends ModeSpec, T>(fd: Fd<S>, option: Option<T, S['family']>): Promise<T> {
    return this.#call(
      fd,
      'query',
      entry => options.query(this.#core, entry, option as AnyOption) as Outcome<T>,
    )
  }

  /** Takes an address; resolves with the one it got. A failure leaves the fd open. */
  bind(fd: Fd<any>, at: BindTarget): Promise<Addr> {
    return this.#call(fd, 'bind', entry => address.bind(entry, at))
  }

  /** Begins to accept; resolves with the address. */
  listen(fd: Fd<any>): Promise<Addr> {
    return this.#call(fd, 'listen', address.listen)
  }

  /** Connects; resolves with the peer's address. A failure ends the fd. Without `to`, where the mode knows by itself. */
  connect(fd: Fd<any>, to?: ConnectTarget): Promise<Addr> {
    return this.#call(fd, 'connect', entry => address.connect(entry, to))
  }

  /**
   * Sends data on one fd or several. False: wait for `drain`, or the fd is gone; it never throws for losing a race
   * with the peer.
   * @throws SocketError EBADF for a number never issued, EBADDATA for what cannot cross
   */
  write<S extends ModeSpec>(
    to: Fd<S> | readonly Fd<S>[],
    data: NoInfer<S['write']>,
    how: WriteOptions = {},
  ): boolean {
    const transfer = how.transfer === true
    if (typeof to === 'object') {
      const entries = to.map(fd => this.#core.table.get(fd) ?? this.#gone(fd, 'write'))
      const live = entries.filter(entry => entry !== false)
      return writeMany(live, data, transfer) && live.length === to.length
    }
    const entry = this.#core.table.get(to)
    return entry === undefined ? this.#gone(to, 'write') : write(entry, data, transfer)
  }

  /** Sends data to all connections of a listener but one; what happens to slow ones SO_OVERFLOW decides. */
  broadcast<S extends ModeSpec>(
    listener: Fd<S>,
    data: NoInfer<Conn<S>['write']>,
    { except }: { except?: Fd<Conn<S>> } = {},
  ): boolean {
    const entry = this.#core.table.get(listener)
    if (entry === undefined) return this.#gone(listener, 'broadcast')
    return broadcast(entry, data, except)
  }

  /** Sends data and resolves with the mode's reply. */
  request<S extends ModeSpec & { reply: unknown }>(
    fd: Fd<S>,
    data: NoInfer<S['write']>,
    how: RequestOptions = {},
  ): Promise<S['reply']> {
    return this.#call(fd, 'request', entry => request(entry, data, how))
  }

  /** Holds deliveries back; the peer is slowed once its credit is used up. */
  pause(fd: Fd<any>): void {
    const entry = this.#core.table.get(fd)
    if (entry) entry.paused = true
    else this.#gone(fd, 'pause')
  }

  resume(fd: Fd<any>): void {
    const entry = this.#core.table.get(fd)
    if (entry) resume(entry)
    else this.#gone(fd, 'resume')
  }

  /** Half-closes: nothing more is sent. */
  end(fd: Fd<any>): void {
    const entry = this.#core.table.get(fd)
    if (entry) entry.host.frame(TO_WORKER.END, fd, 0)
    else this.#gone(fd, 'end')
  }

  /**
   * Ends an fd: flushes within SO_LINGER, or drops what is queued with `abort`. No handler of it runs afterwards.
   * Resolves when port or peer is released. Closing a listener leaves its connections.
   */
  close(fd: Fd<any>, how?: CloseOptions): Promise<void>
  /** Ends the kernel: stops accepting, finishes what is in flight within the deadline, ends the workers. */
  close(how?: { timeout?: number }): Promise<void>
  close(first?: Fd<any> | { timeout?: number }, how: CloseOptions = {}): Promise<void> {
    if (typeof first !== 'number') return (this.#closed ??= this.#shutDown(first?.timeout ?? DRAIN_MS))
    const entry = this.#core.table.get(first)
    if (entry === undefined) {
      if (isFdNumber(first) && this.#core.table.issued(first)) return new Outcome<void>(resolve => resolve())
      return Outcome.rejected(usage('EBADF', `${String(first)} is no fd of this kernel`, first, 'close'))
    }
    return entry.close(how).reportingTo(error => this.#unheard(entry, 'close', error))
  }

  /** Where an fd is bound; a connection's is its listener's. */
  address(fd: Fd<any>): Addr | undefined {
    return this.#live(fd, 'address').local
  }

  status(): FdStatus[]
  status(fd: Fd<any>): FdStatus | undefined
  status(fd?: Fd<any>): FdStatus[] | FdStatus | undefined {
    if (fd === undefined) return Array.from(this.#core.table, statusOf)
    const entry = this.#core.table.get(fd)
    return entry && statusOf(entry)
  }

  /** Counters since the kernel was made. */
  metrics(): Metrics {
    return metrics(this.#core, this.#hosts, this.#keepers)
  }

  /** Asks every worker and keeper what it holds. */
  inspect(): Promise<Inspection> {
    return inspect(this.#core, this.#hosts, this.#keepers)
  }

  /** @internal Calls back when an fd ends; at once when it has. */
  onEnd(fd: number, listener: (error?: Error) => void): () => void {
    const entry = this.#core.table.get(fd)
    if (entry) return entry.onEnd(listener)
    queueMicrotask(listener)
    return () => {}
  }

  /** @internal */
  isListener(fd: number): boolean {
    return this.#core.table.get(fd)?.isListener ?? false
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(timeout: number): Promise<void> {
    this.#core.closing = true
    await Promise.all(this.#hosts.map(host => host.stop(timeout)))
    await Promise.all(this.#keepers.map(keeper => keeper.stop(timeout)))
  }

  #allocate(): number {
    let fd = this.#core.slots.allocate()
    if (fd < 0 && this.#core.growSlots()) fd = this.#core.slots.allocate()
    if (fd < 0) throw usage('ENOSOCKS', 'all fds are in use', undefined, 'create')
    return fd
  }

  /** Runs a call; what it throws rejects, and what nobody awaits goes to the fd's `error`. */
  #call<T>(fd: number, op: string, run: (entry: Entry) => Outcome<T>): Outcome<T> {
    let entry: Entry
    try {
      entry = this.#live(fd, op)
    } catch (error) {
      return Outcome.rejected<T>(error as Error).reportingTo(unheard =>
        this.#core.logger.error({ fd, op, error: unheard }, 'a call nobody awaited failed'),
      )
    }
    let outcome: Outcome<T>
    try {
      outcome = run(entry)
    } catch (error) {
      outcome = Outcome.rejected<T>(toSocketError(error, 'EINVAL', { fd, op }))
    }
    return outcome.reportingTo(error => this.#unheard(entry, op, error))
  }

  /** An fd that has ended told its `close` handler why. */
  #unheard(entry: Entry, op: string, error: Error): void {
    if (entry.ended)
      this.#core.logger.debug({ fd: entry.fd, op, error }, 'a call nobody awaited failed with its fd')
    else entry.report(error)
  }

  #live(fd: number, op: string): Entry {
    this.#checkOpen(op)
    const entry = this.#core.table.get(fd)
    if (entry) return entry
    const ended = isFdNumber(fd) && this.#core.table.issued(fd)
    throw usage('EBADF', ended ? `fd ${fd} has ended` : `${String(fd)} is no fd of this kernel`, fd, op)
  }

  #gone(fd: number, op: string): false {
    if (isFdNumber(fd) && this.#core.table.issued(fd)) return false
    throw usage('EBADF', `${String(fd)} is no fd of this kernel`, fd, op)
  }

  #checkOpen(op: string): void {
    if (this.#core.closing) throw usage('ECLOSED', 'the kernel is closed', undefined, op)
  }
}

function usage(code: string, message: string, fd: number | undefined, op: string): SocketError {
  return new SocketError(code, message, { fd, op })
}
