/**
 * What a socket mode is to the kernel: its number, what it speaks, and the plugin's half in the owner's thread.
 * @module
 */
import type { Addr, AnyOption, Mode, ModeSpec, Option, RequestOptions, TypeToken } from '../types.ts'

/** What an owner half may do with one fd. */
export interface OwnerPort {
  readonly fd: number
  /** The listener that accepted the fd; the fd itself where none did. */
  readonly listener: number
  /** That listener's port, also when it has ended; undefined where none accepted the fd. */
  readonly parent: OwnerPort | undefined
  /** The peer; undefined on a listener. */
  readonly addr: Addr | undefined
  /** Anything the owner half keeps for this fd. */
  state: unknown
  /** Sends one value to the driver's `write`; false means "wait for `drained`" or "gone". */
  send(wire: unknown, transfer?: boolean): boolean
  /** As `send`, and ends the fd: nothing of it is sent or delivered afterwards. */
  sendLast(wire: unknown, transfer?: boolean): boolean
  /** Resolves when `send` may go on; rejects when the fd has ended. */
  drained(): Promise<void>
  /** Gives credit for bytes that `receive` kept to itself. */
  consumed(bytes: number): void
  /** The value in force for the fd, in the owner's form: functions are functions. */
  option<T>(option: Option<T, any>): T
  /** All values of an `append` option, in the order first set. */
  options<T>(option: Option<T, any>): readonly T[]
  /** Calls back when the fd ends, whoever ends it; returns the undo. */
  onEnd(listener: (error?: Error) => void): () => void
  /** Ends the fd and drops what is queued. */
  abort(error?: Error): void
  /** True once the fd has ended. */
  readonly ended: boolean
  /** Reports what does not end the fd to its `error` handler, else to the logger. */
  report(error: Error): void
}

/**
 * A mode's half in the owner's thread: pure translation between what crosses the link and what the program sees.
 * Wire values are msgpack: nil, booleans, numbers, strings, Uint8Arrays, arrays and plain objects. Flat arrays of
 * scalars are the fast form.
 */
export interface OwnerHalf<S extends ModeSpec = ModeSpec> {
  /** Who a message is from, where its sender need not be the fd's peer. Asked before `receive`. */
  sender?(wire: any, port: OwnerPort): Addr
  /**
   * What the program's handler gets; `undefined` when the owner half took the value itself and will say
   * `port.consumed(bytes)`.
   */
  receive?(wire: any, port: OwnerPort, bytes: number): Conn<S> | undefined
  /**
   * What crosses for a value the program wrote, to one fd or to many; without it the value as it is.
   *
   * @throws {SocketError} `ETYPENOTSUPP` for a value the mode cannot send.
   */
  encode?(data: any): unknown
  /** Sends what the program wrote, where that takes more than {@link encode}. */
  send?(data: any, port: OwnerPort, transfer: boolean): boolean
  /** What `kernel.request` does, where it is more than a call of the driver's that is answered once. */
  request?(data: any, port: OwnerPort, how: RequestOptions): Promise<unknown>
  /**
   * Functions of the program that run around a message's handler, as the worker named them, outermost first. Each gets
   * the message and `next`, which runs what is inside of it; what the outermost gives is a `result`.
   */
  around?(message: unknown, port: OwnerPort): readonly number[] | undefined
  /** What a handler function chosen by the worker returned: the mode may answer with it. */
  result?(value: unknown, port: OwnerPort, message: unknown): void
  /** What the fd's own message handler returned, or resolved with. */
  returned?(value: unknown, port: OwnerPort, message: unknown): void
  /** The fd has no message handler. */
  unhandled?(port: OwnerPort, message: unknown): void
  /** A handler threw or rejected. Returns true when the mode dealt with it, else it goes to `error`. */
  failure?(error: unknown, port: OwnerPort, message: unknown): boolean
}
type Conn<S extends ModeSpec> = S extends { connection: infer C extends ModeSpec }
  ? C['message']
  : S['message']

/** What an fd of a mode may become: a listener, a client, or either, by `listen` or `connect`. */
export type ModeKind = 'server' | 'client' | 'both'

export interface ModeDefinition {
  readonly number: number
  readonly name: string
  /** The npm package that serves the mode; named in the error of a kernel without it. */
  readonly package: string
  /** The family of options that is the mode's own. */
  readonly family: string
  /** The further families of options it takes. */
  readonly families: readonly string[]
  /** Which of the options 150-155 read 1 on its fds. */
  readonly flags: readonly number[]
  readonly kind: ModeKind
  /** What happens to the mode's client fds when their worker is restarted. */
  readonly restart: 'close' | 'reconnect'
  /** `connect` needs no target: the mode knows it by itself, or by an option. */
  readonly ownTarget: boolean
  /** Options whose default is another on the mode's fds. */
  readonly defaults: readonly (readonly [option: AnyOption, value: unknown])[]
  readonly owner: OwnerHalf<any>
}

const REGISTRY = Symbol.for('unisock.modes')
type Registry = Map<string, ModeDefinition>
const registry: Registry = ((globalThis as any)[REGISTRY] ??= new Map())

export interface ModeOptions<N extends string, F extends string, X extends string, I, W, R> {
  number: number
  name: N
  package: string
  family: F
  /** Further families of options the mode takes: `tls`, `http` … */
  families?: readonly X[]
  /** Which of the options 150-155 read 1 on its fds. */
  flags?: readonly AnyOption[]
  kind: ModeKind
  restart?: 'close' | 'reconnect'
  /** `connect` needs no target: its driver gets an empty one. @default false */
  ownTarget?: boolean
  /** Options whose default is another on the mode's fds: each is set as the fd is created. */
  defaults?: readonly (readonly [option: AnyOption, value: unknown])[]
  /** What the handlers get. */
  message: TypeToken<I>
  /** What `write` takes (on a server: on its connections). */
  write: TypeToken<W>
  /** What `request` resolves with. */
  reply?: TypeToken<R>
  owner?: OwnerHalf<any>
}

type Spec<F extends string, I, W, R> = unknown extends R
  ? { family: F | 'core'; message: I; write: W }
  : { family: F | 'core'; message: I; write: W; reply: R }

/**
 * Defines a socket mode; the result is the mode's number.
 *
 * @example
 * export const ECHO_SERVER = defineMode({
 *   number: 90, name: 'ECHO_SERVER', package: 'my-echo', family: 'echo', kind: 'server',
 *   message: type<string>(), write: type<string>(),
 * })
 */
export function defineMode<
  const N extends string,
  I,
  W,
  const F extends string,
  const X extends string = never,
  R = unknown,
>(
  options: ModeOptions<N, F, X, I, W, R> & { kind: 'server' },
): Mode<{ family: F | X | 'core'; message: I; write: never; connection: Spec<F | X, I, W, R> }>
export function defineMode<
  const N extends string,
  I,
  W,
  const F extends string,
  const X extends string = never,
  R = unknown,
>(options: ModeOptions<N, F, X, I, W, R> & { kind: 'client' }): Mode<Spec<F | X, I, W, R>>
export function defineMode<
  const N extends string,
  I,
  W,
  const F extends string,
  const X extends string = never,
  R = unknown,
>(
  options: ModeOptions<N, F, X, I, W, R> & { kind: 'both' },
): Mode<{ family: F | X | 'core'; message: I; write: W; connection: Spec<F | X, I, W, R> }>
export function defineMode(options: ModeOptions<string, string, string, any, any, any>): any {
  const { number, name, family, kind, families = [], flags = [] } = options
  const { restart = 'close', ownTarget = false, defaults = [], owner = {} } = options
  const definition: ModeDefinition = {
    number,
    name,
    package: options.package,
    family,
    families: [family, 'core', ...families],
    flags,
    kind,
    restart,
    ownTarget,
    defaults,
    owner,
  }
  registry.set(`${number} ${name}`, definition)
  return number
}

/** The definition behind a mode constant; by number alone it is the one defined last. */
export function findMode(number: number, name?: string): ModeDefinition | undefined {
  if (name !== undefined) return registry.get(`${number} ${name}`)
  let found: ModeDefinition | undefined
  for (const definition of registry.values()) if (definition.number === number) found = definition
  return found
}
