/**
 * HTTP's half in the plugin worker, for plugins that build on it.
 * @module
 */
export * from './server/body.ts'
export { HttpConnection } from './server/connection.ts'
export { Exchange } from './server/exchange.ts'
export * from './server/listener.ts'
export { createServer, STATUS_CODES } from './server/node-http.ts'
export { MAX_UNANSWERED } from './server/pipeline.ts'
export * from './server/request-wire.ts'
export * from './server/response.ts'
export { connectionOf } from './server/tracking.ts'
