/**
 * HTTP clients' half in the program's thread, for plugins that build on it. Loads no HTTP library.
 * @module
 */
export * from './body.ts'
export * from './client-owner.ts'
export * from './multipart.ts'
export * as httpClientOptions from './options.ts'
export * from './options.ts'
export * from './protocol.ts'
export * from './request.ts'
export * from './response.ts'
export * from './response-body.ts'
export type { TraceSource } from './trace.ts'
export * from './wire.ts'
