/**
 * For worker modules: what `defineWorker` drivers are written with.
 * @module
 */
export { SocketError, toSocketError } from '../errors.ts'
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
} from '../plugin/driver.ts'
export type { Child, ChildExit, ChildStdio, SpawnRequest } from '../spawn/child.ts'
export type * from '../store/store.ts'
export type { Addr, CloseOptions } from '../types.ts'
