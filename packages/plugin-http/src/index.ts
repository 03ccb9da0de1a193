/**
 * HTTP and HTTPS servers as socket modes.
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
import { httpOptions } from './core/index.ts'
import { HTTP_SERVER, HTTPS_SERVER } from './modes.ts'

export type {
  BodySource,
  HttpBody,
  HttpHeaders,
  HttpReply,
  HttpRequest,
  HttpRequestHeaders,
  HttpWrite,
  QueryParams,
  RequestBody,
} from './core/index.ts'
export * from './core/options.ts'
export { HTTP_SERVER, HTTPS_SERVER } from './modes.ts'

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
      [200, 239],
      [300, 319],
      [340, 342],
    ],
  },
  modes: { HTTP_SERVER, HTTPS_SERVER },
  options: { ...httpOptions, ...socketOptions, ...flagOptions, ...tlsOptions },
  worker: sibling('./worker', import.meta.url),
})
