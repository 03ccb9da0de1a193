/**
 * HTTP's half in the program's thread, for plugins that build on it. Loads no HTTP library.
 * @module
 */
export type { Front, FrontTls } from './apache/front.ts'
export * as apacheOptions from './apache/options.ts'
export * from './apache/options.ts'
export * as cacheOptions from './cache/options.ts'
export * from './cache/options.ts'
export * from './exchange-state.ts'
export * from './headers.ts'
export * from './message.ts'
export * as httpOptions from './options.ts'
export * from './options.ts'
export * from './owner.ts'
export * from './problem.ts'
export * from './reply.ts'
export * from './request.ts'
export * from './request-body.ts'
export * from './stream.ts'
export * from './uri.ts'
export * from './wire.ts'
