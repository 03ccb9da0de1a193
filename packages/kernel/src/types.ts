/**
 * The public types: what a mode, an fd and an option carry in the type system. At run time all three are plain numbers.
 * @module
 */

declare const SPEC: unique symbol
declare const VALUE: unique symbol

/** What a socket mode speaks: the families of options it takes, what its handlers get and what `write` takes. */
export interface ModeSpec {
  family: string
  message: unknown
  write: unknown
  /** What a listener's connections speak; absent where they speak the same. */
  connection?: ModeSpec
  /** What `request` resolves with; absent where the mode has no replies. */
  reply?: unknown
}

/** A socket mode's number. */
export type Mode<S extends ModeSpec = ModeSpec> = number & { readonly [SPEC]: S }

/** A file descriptor: a safe integer that is never given out twice in a kernel's life. */
export type Fd<S extends ModeSpec = ModeSpec> = number & { readonly [SPEC]: S }

/** An option's number, with its value's type and the family it belongs to. */
export type Option<T = unknown, F extends string = string> = number & {
  readonly [VALUE]: { t: (value: T) => T; family: F }
}

/** An option of any value; for code that handles options by number. */
export type AnyOption = Option<any, any>

/** What the connections of a mode speak. */
export type Conn<S extends ModeSpec> = S extends { connection: infer C extends ModeSpec } ? C : S

/** The listener's own fd or one of its connections. */
export type AnyFd<S extends ModeSpec> = Fd<S> | Fd<Conn<S>>

/** One end of a connection. `port` is 0 and `address` a path when the family is `local`. */
export interface Addr {
  address: string
  port: number
  family: 'IPv4' | 'IPv6' | 'local'
}

/**
 * Where to bind: a bare port means `127.0.0.1`; all interfaces are said aloud as `{ host: '::', port }`;
 * port 0 lets the system choose. `{ on }` takes what another listener of the same worker hands over.
 */
export type BindTarget =
  | number
  | string
  | { host?: string; port: number }
  | { path: string }
  | { on: Fd<any>; path?: string }

/** Where to connect: what the mode's documentation says; ports and paths as in {@link BindTarget}. */
export type ConnectTarget = number | string | { host?: string; port: number } | { path: string }

/**
 * What happens on an fd. `close` fires once, for an fd that ended without your doing; `error` reports what does not
 * end it. After your own `close` returns, no handler of that fd runs.
 */
export interface Handlers<S extends ModeSpec> {
  /** A connection was accepted (or, on a client, made). Runs before its first message. */
  open?(fd: Fd<Conn<S>>, listener: Fd<S>, addr: Addr): void
  /** Data arrived. The sender's credit returns when this returns, or when the promise it returns settles. */
  message?(fd: Fd<Conn<S>>, data: Conn<S>['message'], addr: Addr): void | Promise<void>
  /** `write` may go on after it returned `false`. */
  drain?(fd: AnyFd<S>): void
  /** The peer sends no more. Unless SO_HALF_OPEN is set the kernel ends the fd too. */
  end?(fd: Fd<Conn<S>>): void
  /** Something went wrong that does not end the fd. */
  error?(fd: AnyFd<S>, error: Error): void
  /** The fd ended without your doing; with an error where it was not the peer's orderly close. */
  close?(fd: AnyFd<S>, error?: Error): void
}

/** The short form of {@link Handlers}: one callback for messages and one for the end. */
export type MessageHandler<S extends ModeSpec> = NonNullable<Handlers<S>['message']>

/** How `close` ends an fd. */
export interface CloseOptions {
  /** Drop what is queued instead of flushing it. */
  abort?: boolean
  /** A protocol's close code, where it has one. */
  code?: number
  /** A protocol's close reason, where it has one. */
  reason?: string
}

/** How `write` hands over memory. */
export interface WriteOptions {
  /** Hand large Uint8Arrays over instead of copying them; the caller must not use them afterwards. */
  transfer?: boolean
}

/** How `request` waits. */
export interface RequestOptions {
  signal?: AbortSignal
  /** Milliseconds. */
  timeout?: number
}

/** A value of type `T` that exists in the type system only: how definitions name the type of what they describe. */
export interface TypeToken<T> {
  readonly t?: T
}

/** Names a type in a definition: `message: type<string>()`. */
export function type<T>(): TypeToken<T> {
  return {}
}
