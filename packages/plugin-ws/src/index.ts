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
import * as modes from './modes.ts'
import * as wsOptions from './options/index.ts'

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
export * from './modes.ts'
export * from './options/index.ts'
export type { AdmissionRequest } from './owner/admission.ts'
export type { HandshakeHead } from './owner/head.ts'
export type { BinaryMessage, FrameInfo, TextMessage, WsMessage } from './owner/message.ts'
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
  options: { ...wsOptions, ...socketOptions, ...flagOptions, ...tlsOptions, ...rateOptions },
  worker: sibling('./worker', import.meta.url),
})
