/**
 * WebSocket servers and clients as socket modes 30-36.
 * @module
 */
import {
  API_VERSION,
  definePlugin,
  flagOptions,
  rateOptions,
  sibling,
  socketOptions,
  tlsOptions,
} from '@unisock/kernel/plugin'
import * as hydrogenOptions from './hydrogen/options/index.ts'
import * as modes from './modes.ts'
import * as wsOptions from './options/index.ts'

export {
  type Claims,
  type Jwk,
  type JwtAlgorithm,
  type JwtConfig,
  type SignJwtOptions,
  signJwt,
} from '@unisock/jwt'
export type {
  FileData,
  FileDone,
  FileFailed,
  FileMessage,
  FileOffer,
  FileProgress,
  FileToSend,
  FileWrite,
} from './file-stream/wire.ts'
export * from './hydrogen/options/index.ts'
export * from './hydrogen/owner/index.ts'
export * from './modes.ts'
export * from './options/index.ts'
export type { AdmissionRequest } from './owner/admission.ts'
export type { HandshakeHead } from './owner/head.ts'
export type { BinaryMessage, FrameInfo, TextMessage, WsMessage } from './owner/message.ts'
export type { VerifyRequest } from './owner/verify-question.ts'
export type { WsOutgoing, WsWrite } from './owner/write.ts'

/** The plugin: `createKernel({ plugins: [ws()] })`. */
export const ws = definePlugin({
  name: 'ws',
  version: '0.1.0',
  apiVersion: API_VERSION,
  ranges: {
    modes: [
      [30, 36],
      [39, 39],
    ],
    options: [
      [120, 129],
      [270, 279],
      [440, 469],
    ],
  },
  modes,
  options: {
    ...wsOptions,
    ...hydrogenOptions,
    ...socketOptions,
    ...flagOptions,
    ...tlsOptions,
    ...rateOptions,
  },
  keeper: { optional: true },
  worker: sibling('./worker', import.meta.url),
})
