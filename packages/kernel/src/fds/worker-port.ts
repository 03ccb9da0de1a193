/**
 * What fds and calls need of the worker that serves them.
 * @module
 */
import type { Outcome } from '../calls/outcome.ts'
import type { OpenCall } from '../calls/pending.ts'
import type { CloseOptions } from '../types.ts'

export interface WorkerPort {
  readonly name: string
  /** The time of the batch being read, on the clock of `performance.now()`: exact enough for an fd's age, and free. */
  readonly now: number
  /** Writes a frame that asks for no answer; returns its size in bytes, 0 while the worker is down. */
  frame(op: number, fd: number, count: number, a?: unknown, b?: unknown): number
  /** As `frame` with one field, which may be handed over instead of copied. */
  send(op: number, fd: number, wire: unknown, transfer: boolean): number
  credit(fd: number, bytes: number): void
  /** Writes a frame whose answer settles the outcome. While the worker is being restarted it waits. */
  call<T>(op: number, fd: number, a?: unknown, b?: unknown, c?: unknown): Outcome<T>
  openCall<T>(op: number, fd: number, a?: unknown, b?: unknown, c?: unknown): OpenCall<T>
  /** Gives a call up: it rejects with the error, and the worker may stop working on it. */
  cancel(fd: number, sequence: number, error: Error): void
  /** Asks the worker to end an fd, whose slot is then free. Resolves too when the worker is lost meanwhile. */
  close(fd: number, options: CloseOptions): Outcome<void>
  /** The same where nobody waits. */
  closeQuietly(fd: number, options: CloseOptions): void
  /** What the program created keeps its process alive until it ends. */
  opened(fd: { readonly isConnection: boolean }): void
  released(fd: { readonly isConnection: boolean }): void
}
