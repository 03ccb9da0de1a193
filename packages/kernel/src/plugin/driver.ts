/**
 * The worker's half of the plugin contract: what the kernel calls in a driver and what a driver may call.
 * @module
 */
import type { Child, SpawnRequest } from '../spawn/child.ts'
import type { Store } from '../store/store.ts'
import type { Addr, CloseOptions, Option } from '../types.ts'

/** A bind or connect target as drivers get it. `on` is the fd of another listener of the same worker. */
export interface Target {
  host?: string
  port?: number
  path?: string
  on?: number
}

/** A function that stayed in the owner's thread: a message sent with its id is given to it there. */
export interface FunctionRef {
  readonly $function: number
}

export interface EmitOptions {
  /** The `$function` of the {@link FunctionRef} that is to get the message instead of the fd's handler. */
  handler?: number | undefined
  /** The data is large Uint8Arrays that nobody uses afterwards: their memory is handed over instead of copied. */
  transfer?: boolean | undefined
}

/** One fd as its driver sees it. */
export interface Connection {
  readonly fd: number
  /** The fd's own value, else its listener's, else the default. Functions in it are {@link FunctionRef}s. */
  option<T>(option: Option<T, any>): T
  /** Sends a message to the owner. False: no credit is left; stop reading until `driver.resume()`. */
  emit(data: unknown, options?: EmitOptions): boolean
  /** The peer sends no more. */
  end(): void
  /** The fd is over. The owner's `close` handler gets the error. Further calls do nothing. */
  close(error?: Error): void
  /** Reports what does not end the fd. False: no credit is left, as of `emit`; reports beyond it are dropped and counted. */
  error(error: Error): boolean
  /** `write` may go on after the driver returned false. */
  drained(): void
  /** Counts messages of the peer that were thrown away for want of credit: the fd's status shows them. */
  dropped(count: number): void
  /** Keeps a row that a restarted worker is given as `socket.kept`; `undefined` takes it away. */
  keep(key: string, value: unknown): void
  /** True once the fd has ended on either side. */
  readonly ended: boolean
}

export interface LogEntry {
  [key: string]: unknown
}

/** The socket a driver is opened for. */
export interface PluginSocket extends Connection {
  readonly mode: number
  /** What `keep` kept before a restart. */
  readonly kept: ReadonlyMap<string, unknown>
  /** All values of an `append` option, in the order first set. */
  options<T>(option: Option<T, any>): readonly T[]
  /**
   * Gives a connection its own fd. `first` is its first message, which crosses together with the accept.
   * Returns undefined when the kernel is out of fds or the driver could not be made: refuse the connection.
   */
  accept(
    addr: Addr,
    driver: (connection: Connection) => Driver,
    first?: { data: unknown; handler?: number | undefined },
  ): Connection | undefined
  /**
   * What all plugins of this worker share, where one of them declares a `keeper`. With a keeper it outlives the worker;
   * without one it is the worker's own memory. It is let go of with the worker, not by a driver.
   */
  readonly store: Store
  /** What the program gave the plugin as a whole, the newest; undefined where it gave nothing. */
  readonly config: unknown
  /**
   * Runs a program, in a process group of its own. It is ended with the socket, and killed with the worker. Its streams are
   * paused.
   */
  spawn(request: SpawnRequest): Promise<Child>
  /** Lets drivers of other fds of this worker use something of this one, by name, for as long as the fd lives. */
  offer(name: string, service: unknown): void
  /** What another fd offers. Undefined: it is no fd of this worker, has ended, or offers nothing of that name. */
  offered<T>(fd: number, name: string): T | undefined
  /** A client that had lost its connection has it again: the `open` handler runs once more. */
  reopened(addr: Addr): void
  /** The owner may forget these functions: no message will name them again. */
  retire(functions: readonly number[]): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: LogEntry): void
}

/** What a mode does with one fd; every method is optional, and an error thrown is the call's error. */
export interface Driver {
  /** Takes the address for real; resolves with it. */
  bind?(at: Target): Addr | Promise<Addr>
  listen?(): void | Promise<void>
  connect?(to: Target): Addr | Promise<Addr>
  /** False: queued, call `drained` when it is written. `last`: the fd has ended for the owner. */
  write?(data: any, last: boolean): boolean
  /** What `kernel.request` asks. */
  call?(data: any, signal: AbortSignal): unknown | Promise<unknown>
  /** The value is in `socket.option` already; a throw takes it back. */
  setOption?(option: number, value: any): void | Promise<void>
  query?(option: number): unknown | Promise<unknown>
  /** Credit is back after `emit` returned false. */
  resume?(): void
  /** The owner sends no more. */
  end?(): void
  /** Stop accepting and finish what is in flight: the kernel is closing. */
  drain?(): void | Promise<void>
  inspect?(): unknown
  /** The owner closed the fd. Resolves when the port or the peer is released. */
  close?(options: CloseOptions): void | Promise<void>
}

/** Modes, and the reason why each cannot be served. */
export type Lacking = readonly (readonly [mode: number, reason: string])[]

export interface WorkerDefinition {
  /** Makes the driver of a new fd of one of the plugin's modes. */
  open(mode: number, socket: PluginSocket): Driver
  /** Asked once, when the worker starts: the plugin's modes that this system cannot serve, and why. `create` refuses them. */
  lacking?(): Lacking | Promise<Lacking>
  /** Releases what the module holds: called when the worker stops, and for inline plugins before a restart. */
  dispose?(): void | Promise<void>
}

const MARK = Symbol.for('unisock.worker')

/** Marks a worker module's default export. Loading the module must do nothing else. */
export function defineWorker(definition: WorkerDefinition): WorkerDefinition {
  return Object.assign(definition, { [MARK]: true })
}

export function isWorkerDefinition(value: unknown): value is WorkerDefinition {
  return typeof value === 'object' && value !== null && (value as any)[MARK] === true
}
