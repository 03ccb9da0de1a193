/**
 * One open fd: its state, its counters, and the port its mode's owner half works with.
 * @module
 */
import type { Outcome } from '../calls/outcome.ts'
import { type CloseEvent, channels, type ErrorEvent, type OpenEvent } from '../diagnostics.ts'
import { SocketError } from '../errors.ts'
import { TO_WORKER } from '../link/frames.ts'
import type { Logger } from '../logger.ts'
import type { ModeDefinition, OwnerPort } from '../plugin/mode.ts'
import type { OptionDefinition } from '../plugin/option.ts'
import { SO_READ_WINDOW, SO_WRITE_HIGH_WATER } from '../plugin/options/socket.ts'
import type { FunctionTable } from '../registry/functions.ts'
import type { Registry } from '../registry/registry.ts'
import type { Addr, CloseOptions, Handlers, Option } from '../types.ts'
import { toAddr } from './addr.ts'
import { Journal } from './journal.ts'
import { OptionValues } from './option-values.ts'
import type { FdTable } from './table.ts'
import type { WorkerPort } from './worker-port.ts'

/** Queued bytes, in multiples of the high-water mark, at which an fd is closed. */
const OVERFLOW_FACTOR = 16

export type EntryState = 'new' | 'binding' | 'bound' | 'listening' | 'connecting' | 'connected' | 'ended'

/** What all fds of a kernel share. */
export interface EntryContext {
  readonly table: FdTable<Entry>
  readonly registry: Registry
  readonly functions: FunctionTable
  readonly counters: { opened: number; closed: number; unhandled: number }
  readonly logger: Logger
}

/** What few fds ever need: kept apart so that an exchange of one message stays small. */
interface Rare {
  local?: Addr | undefined
  values?: OptionValues
  journal?: Journal
  endListeners?: ((error?: Error) => void)[] | undefined
  drainListeners?: { resolve(): void; reject(error: Error): void }[] | undefined
  highWater?: number
  creditStep?: number
  drops?: number
}

const HIGH_WATER = 256 * 1024
const NO_HANDLERS: Handlers<any> = {}

export class Entry implements OwnerPort {
  readonly fd: number
  readonly mode: ModeDefinition
  readonly host: WorkerPort
  /** The listener that accepted it. */
  readonly parent: Entry | undefined
  readonly #core: EntryContext
  /** When, on the clock of `performance.now()`. */
  readonly opened: number
  readonly #address: string
  readonly #port: number
  #addr: Addr | undefined
  #rare: Rare | undefined
  handlers: Handlers<any>
  phase: EntryState
  state: unknown = undefined
  /** `listen` was called on it, and did not fail. */
  listens = false
  paused = false
  /** Deliveries held back while paused. */
  held: (() => void)[] | undefined = undefined
  needsDrain = false
  /** Bytes written that the worker has not credited back. */
  queued = 0
  /** Bytes delivered and handled that the worker has not been credited for. */
  uncredited = 0
  bytesIn = 0
  bytesOut = 0
  messagesIn = 0
  messagesOut = 0

  /** `address` and `port` are the peer's, as the accept frame has them; a port below zero marks a local socket's path. */
  constructor(
    core: EntryContext,
    host: WorkerPort,
    fd: number,
    mode: ModeDefinition,
    handlers: Handlers<any>,
    parent?: Entry,
    address = '',
    port = 0,
  ) {
    this.#core = core
    this.host = host
    this.fd = fd
    this.mode = mode
    this.handlers = handlers
    this.parent = parent
    this.#address = address
    this.#port = port
    this.phase = parent ? 'connected' : 'new'
    this.opened = host.now
    core.table.add(this)
    core.counters.opened++
    host.opened(this)
    if (channels.open.hasSubscribers)
      channels.open.publish({ fd, mode: mode.name, listener: parent?.fd } satisfies OpenEvent)
  }

  get addr(): Addr | undefined {
    if (this.#addr === undefined && this.parent !== undefined) this.#addr = toAddr(this.#address, this.#port)
    return this.#addr
  }

  set addr(addr: Addr | undefined) {
    this.#addr = addr
  }

  get local(): Addr | undefined {
    return this.parent ? this.parent.local : this.#rare?.local
  }

  set local(addr: Addr | undefined) {
    this.#more.local = addr
  }

  get highWater(): number {
    return this.#rare?.highWater ?? this.parent?.highWater ?? HIGH_WATER
  }

  /** Bytes of credit gathered before they are sent back: a quarter of the window. */
  get creditStep(): number {
    return this.#rare?.creditStep ?? this.parent?.creditStep ?? HIGH_WATER / 4
  }

  get drops(): number {
    return this.#rare?.drops ?? 0
  }

  set drops(count: number) {
    this.#more.drops = count
  }

  get #more(): Rare {
    this.#rare ??= {}
    return this.#rare
  }

  get listener(): number {
    return this.parent?.fd ?? this.fd
  }

  /** True for what a worker accepted. */
  get isConnection(): boolean {
    return this.parent !== undefined
  }

  get isListener(): boolean {
    return this.parent === undefined && (this.mode.kind === 'server' || this.listens)
  }

  /** What a restart gives back. */
  get journal(): Journal {
    this.#more.journal ??= new Journal()
    return this.#more.journal
  }

  get ended(): boolean {
    return this.phase === 'ended'
  }

  get values(): OptionValues {
    this.#more.values ??= new OptionValues(this.parent?.values)
    return this.#more.values
  }

  send(wire: unknown, transfer = false): boolean {
    if (this.ended) return false
    if (this.queued >= this.highWater * OVERFLOW_FACTOR) {
      this.abort(new SocketError('ENOBUFS', `${this.queued} bytes are queued`, { fd: this.fd, op: 'write' }))
      return false
    }
    return this.#queue(this.host.send(TO_WORKER.WRITE, this.fd, wire, transfer))
  }

  /** Counts a frame that went to several fds at once. */
  wroteShared(size: number): boolean {
    return !this.ended && this.#queue(size)
  }

  #queue(size: number): boolean {
    this.queued += size
    this.bytesOut += size
    this.messagesOut++
    // Nothing crosses to a worker that is being restarted: `drain` tells when it is there again.
    if (size > 0 && this.queued < this.highWater) return true
    this.needsDrain = true
    return false
  }

  sendLast(wire: unknown, transfer = false): boolean {
    if (this.ended) return false
    const size = this.host.send(TO_WORKER.WRITE_LAST, this.fd, wire, transfer)
    this.bytesOut += size
    this.messagesOut++
    this.finish()
    return true
  }

  drained(): Promise<void> {
    if (this.ended) return Promise.reject(this.#gone())
    if (!this.needsDrain) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#more.drainListeners ??= []
      this.#more.drainListeners.push({ resolve, reject })
    })
  }

  /** The worker took bytes over. */
  credited(bytes: number): void {
    this.queued = Math.max(0, this.queued - bytes)
    if (!this.needsDrain || this.queued > this.highWater / 2) return
    this.needsDrain = false
    const waiting = this.#rare?.drainListeners ?? []
    if (this.#rare) this.#rare.drainListeners = undefined
    for (const { resolve } of waiting) resolve()
    this.guard(() => this.handlers.drain?.(this.fd as any))
  }

  consumed(bytes: number): void {
    this.uncredited += bytes
    if (this.uncredited < this.creditStep || this.ended || this.paused) return
    this.host.credit(this.fd, this.uncredited)
    this.uncredited = 0
  }

  option<T>(option: Option<T, any>): T {
    const definition = this.#definition(option)
    return (this.values.get(definition) ?? definition.default) as T
  }

  options<T>(option: Option<T, any>): readonly T[] {
    return this.values.all(this.#definition(option)) as T[]
  }

  /** The value of an option that the mode need not take. */
  optional<T>(option: Option<T, any>): T | undefined {
    return this.#core.registry.find(option, this.mode) && this.option(option)
  }

  #definition(option: number): OptionDefinition {
    return this.#core.registry.option(option, this.mode, this.fd, 'getOption')
  }

  onEnd(listener: (error?: Error) => void): () => void {
    if (this.ended) {
      queueMicrotask(listener)
      return () => {}
    }
    this.#more.endListeners ??= []
    this.#more.endListeners.push(listener)
    return () => {
      const listeners = this.#rare?.endListeners
      const index = listeners?.indexOf(listener) ?? -1
      if (index >= 0) listeners!.splice(index, 1)
    }
  }

  /** Ends the fd at once; its `close` handler gets the error. */
  abort(error?: Error): void {
    if (this.ended) return
    this.host.closeQuietly(this.fd, { abort: true })
    this.finishWith(error)
  }

  report(error: Error): void {
    if (channels.error.hasSubscribers)
      channels.error.publish({ fd: this.fd, mode: this.mode.name, error } satisfies ErrorEvent)
    const handler = this.handlers.error
    if (!handler) return this.#unhandled(error)
    try {
      handler(this.fd as any, error)
    } catch (thrown) {
      this.#unhandled(thrown)
    }
  }

  #unhandled(error: unknown): void {
    this.#core.counters.unhandled++
    this.#core.logger.error({ fd: this.fd, mode: this.mode.name, error }, 'an error no handler took')
  }

  /** Runs a handler; what it throws goes to `error` and disturbs nothing else. */
  guard(run: () => void): void {
    try {
      run()
    } catch (thrown) {
      this.report(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }

  /** The program closed the fd: no handler of it runs any more. */
  close(how: CloseOptions): Outcome<void> {
    this.handlers = NO_HANDLERS
    this.finish()
    return this.host.close(this.fd, how)
  }

  /** The fd ended without the program's doing: its `close` handler runs, once. */
  finishWith(error?: Error): void {
    if (this.ended) return
    this.finish(error)
    const handler = this.handlers.close
    if (handler) this.guard(() => handler(this.fd as any, error))
  }

  /** The fd is over. */
  finish(error?: Error): void {
    if (this.ended) return
    this.phase = 'ended'
    const core = this.#core
    core.table.remove(this)
    core.counters.closed++
    this.held = undefined
    if (this.parent === undefined) core.functions.retireAll(this.fd)
    this.host.released(this)
    if (this.#rare) this.#endRare(this.#rare, error)
    if (channels.close.hasSubscribers)
      channels.close.publish({ fd: this.fd, mode: this.mode.name, error } satisfies CloseEvent)
  }

  #endRare(rare: Rare, error: Error | undefined): void {
    for (const { reject } of rare.drainListeners ?? []) reject(this.#gone())
    const listeners = rare.endListeners ?? []
    rare.endListeners = undefined
    for (const listener of listeners) this.guard(() => listener(error))
  }

  #gone(): SocketError {
    return new SocketError('EBADF', `fd ${this.fd} has ended`, { fd: this.fd, op: 'write' })
  }

  /** Takes over what setOption changed for the kernel itself. */
  optionChanged(definition: OptionDefinition, value: unknown): void {
    if (definition.number === SO_WRITE_HIGH_WATER) this.#more.highWater = value as number
    if (definition.number === SO_READ_WINDOW) this.#more.creditStep = Math.max(1, (value as number) >> 2)
  }
}
