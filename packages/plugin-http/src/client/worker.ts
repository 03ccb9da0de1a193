/**
 * HTTP clients' half in the plugin worker, for plugins that build on it.
 * @module
 */
export { type Base, resolveUrl } from './worker/base.ts'
export { tooLong } from './worker/failure.ts'
export { HttpClient } from './worker/http-client.ts'
export type { Outgoing } from './worker/redirect.ts'
