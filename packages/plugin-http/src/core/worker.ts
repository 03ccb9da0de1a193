/**
 * HTTP's half in the plugin worker, for plugins that build on it.
 * @module
 */
export * from './answer/index.ts'
export { admittedOf } from './apache/door.ts'
export { loadTracing } from './monitor/load-tracing.ts'
export type { Tracing } from './monitor/tracing.ts'
export * from './server/body.ts'
export { HttpConnection } from './server/connection.ts'
export { Exchange } from './server/exchange.ts'
export * from './server/listener.ts'
export { createServer, STATUS_CODES } from './server/node-http.ts'
export { MAX_UNANSWERED } from './server/pipeline.ts'
export type { RequestListener } from './server/reception.ts'
export * from './server/request-wire.ts'
export * from './server/response.ts'
export { connectionOf } from './server/tracking.ts'
export { FormCollector, type FormTaker, type ReadForm } from './upload/form-collector.ts'
export { isForm } from './upload/part-head.ts'
export { formRules, sendParts } from './upload/receive-form.ts'
export { type UploadRules, uploadRules } from './upload/rules.ts'
export { Uploads } from './upload/uploads.ts'
export { type FileWire, type FormWire, PARTS_FOLLOW } from './upload/wire.ts'
