/**
 * The Unisock kernel: one socket API for every protocol, and every protocol in its own worker.
 * @module
 */
export { createKernel, type KernelOptions } from './create-kernel.ts'
export {
  type CloseEvent,
  channels,
  type ErrorEvent,
  type OpenEvent,
  type RestartEvent,
} from './diagnostics.ts'
export {
  ERRORS,
  type ErrorCategory,
  type ErrorCode,
  type ErrorDetails,
  isSocketError,
  SocketError,
} from './errors.ts'
export type { FdStatus, Inspection, Metrics } from './inspect.ts'
export type { Kernel } from './kernel.ts'
export { type Logger, silentLogger, stderrLogger } from './logger.ts'
export * from './plugin/options/index.ts'
export type { Isolation, KeeperSettings, Plugin, PluginSettings, ResourceLimits } from './plugin/plugin.ts'
export type { Socket } from './socket.ts'
export type { StoreLimits } from './store/limits.ts'
export type { RestartPolicy } from './supervise/backoff.ts'
export type {
  Addr,
  AnyFd,
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
