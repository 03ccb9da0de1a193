/**
 * For plugin authors: what a plugin's two modules are written with.
 * @module
 */

export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  isSocketError,
  SocketError,
  toSocketError,
  withoutStack,
} from '../errors.ts'
export { toAddr } from '../fds/addr.ts'
export type { Child, ChildExit, ChildStdio, SpawnRequest } from '../spawn/child.ts'
export type { StoreLimits } from '../store/limits.ts'
export type * from '../store/store.ts'
export {
  type Addr,
  type AnyOption,
  type BindTarget,
  type CloseOptions,
  type Fd,
  type Mode,
  type ModeSpec,
  type Option,
  type RequestOptions,
  type TypeToken,
  type,
} from '../types.ts'
export {
  type Connection,
  type Driver,
  defineWorker,
  type EmitOptions,
  type FunctionRef,
  type Lacking,
  type PluginSocket,
  type Target,
  type WorkerDefinition,
} from './driver.ts'
export { type JsonTextOptions, jsonText } from './json-text.ts'
export { libraryFailure } from './library-failure.ts'
export { addressKey } from './limits/address-key.ts'
export { ExpiringMap } from './limits/expiring-map.ts'
export { defineMode, type OwnerHalf, type OwnerPort } from './mode.ts'
export { OnceATurn } from './once-a-turn.ts'
export { defineOption, type Schema } from './option.ts'
export * from './options/index.ts'
export { allowsOrigin } from './origin.ts'
export {
  API_VERSION,
  definePlugin,
  type Isolation,
  type KeeperSettings,
  type KeeperWish,
  type Plugin,
  type PluginSettings,
  type ResourceLimits,
  sibling,
} from './plugin.ts'
export { PluginConfig } from './plugin-config.ts'
export { Question, Questions } from './questions.ts'
export { Backoff, type Reconnect, reconnectSchema } from './reconnect.ts'
export { boolean, integer, text } from './schemas.ts'
export {
  clientTlsSettings,
  isTlsOption,
  serverTlsSettings,
  type TlsSettings,
  tlsFailure,
} from './tls-settings.ts'
