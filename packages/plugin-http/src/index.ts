/**
 * HTTP and HTTPS servers and clients as socket modes.
 * @module
 */
import {
  API_VERSION,
  definePlugin,
  flagOptions,
  sibling,
  socketOptions,
  tlsOptions,
} from '@unisock/kernel/plugin'
import { httpClientOptions } from './client/index.ts'
import {
  answerOptions,
  apacheOptions,
  cacheOptions,
  decompressOptions,
  formatOptions,
  http2Options,
  httpOptions,
  monitorOptions,
  staticOptions,
  uploadOptions,
} from './core/index.ts'
import { HTTP_CLIENT, HTTP_SERVER, HTTPS_CLIENT, HTTPS_SERVER } from './modes.ts'

export type {
  FormFields,
  HttpClientBody,
  HttpClientRequest,
  HttpClientWrite,
  HttpResponse,
  MultipartFields,
  MultipartFile,
  ResponseBody,
  TraceSource,
} from './client/index.ts'
export * from './client/options.ts'
export * from './core/answer/options.ts'
export type { Front, FrontTls } from './core/apache/front.ts'
export * from './core/apache/options.ts'
export type { FastCgiPath, FastCgiPlace } from './core/apache/place.ts'
export * from './core/cache/options.ts'
export * from './core/decompress/options.ts'
export { type EventStream, type SseOptions, sse } from './core/events/sse.ts'
export * from './core/formats/options.ts'
export * from './core/http2/options.ts'
export type {
  BodySource,
  FormatName,
  Formats,
  FormPart,
  HttpBody,
  HttpHeaders,
  HttpReply,
  HttpRequest,
  HttpRequestHeaders,
  HttpWrite,
  QueryParams,
  RequestBody,
  ServerSentEvent,
  Upload,
  UploadedFile,
  UploadLimits,
} from './core/index.ts'
export type { RequestTrace } from './core/monitor/identity.ts'
export * from './core/monitor/options.ts'
export * from './core/options.ts'
export * from './core/static/options.ts'
export * from './core/upload/options.ts'
export { HTTP_CLIENT, HTTP_SERVER, HTTPS_CLIENT, HTTPS_SERVER } from './modes.ts'

/** The plugin: `createKernel({ plugins: [http()] })`. */
export const http = definePlugin({
  name: 'http',
  version: '0.1.0',
  apiVersion: API_VERSION,
  ranges: {
    modes: [
      [20, 23],
      [26, 27],
    ],
    options: [
      [100, 109],
      [200, 249],
      [300, 319],
      [340, 342],
    ],
  },
  modes: { HTTP_SERVER, HTTPS_SERVER, HTTP_CLIENT, HTTPS_CLIENT },
  options: {
    ...httpOptions,
    ...answerOptions,
    ...staticOptions,
    ...httpClientOptions,
    ...apacheOptions,
    ...cacheOptions,
    ...http2Options,
    ...decompressOptions,
    ...formatOptions,
    ...uploadOptions,
    ...monitorOptions,
    ...socketOptions,
    ...flagOptions,
    ...tlsOptions,
  },
  worker: sibling('./worker', import.meta.url),
  keeper: { optional: true },
})
