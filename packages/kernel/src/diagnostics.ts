/**
 * `diagnostics_channel` events. A message is built only while somebody subscribes.
 * @module
 */
import { type Channel, channel } from 'node:diagnostics_channel'

export interface OpenEvent {
  fd: number
  mode: string
  listener: number | undefined
}
export interface CloseEvent {
  fd: number
  mode: string
  error: Error | undefined
}
export interface ErrorEvent {
  fd: number
  mode: string
  error: Error
}
export interface RestartEvent {
  worker: string
  /** It was the worker's keeper that failed. */
  keeper: boolean
  plugins: readonly string[]
  reason: Error
  restarts: number
  givenUp: boolean
}

export const channels = {
  /** {@link OpenEvent}: an fd was created or accepted. */
  open: channel('unisock:open'),
  /** {@link CloseEvent}: an fd ended. */
  close: channel('unisock:close'),
  /** {@link ErrorEvent}: an error that did not end its fd. */
  error: channel('unisock:error'),
  /** {@link RestartEvent}: a plugin worker or a keeper failed. */
  restart: channel('unisock:restart'),
} satisfies Record<string, Channel>
