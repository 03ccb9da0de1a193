/**
 * Which files are sent and taken: 270.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { family } from './family.ts'

/** Which files WEBSOCKET_FILE_STREAM sends and takes, and how. */
export interface Files {
  /**
   * The directory that everything is read from and written to. Without it files are neither sent by path nor given to the
   * peer, and none are taken: what a program sends from memory is all there is.
   */
  root?: string
  /** Bytes of a chunk. @default 65536 */
  chunk?: number
  /** Bytes of a file that is taken. @default 1073741824 */
  maxSize?: number
  /** Tell the SHA-256 of what is sent, and go on only behind bytes that are the same at both ends. @default true */
  digest?: boolean
}

export const WS_FILE = defineOption({
  number: 270,
  name: 'WS_FILE',
  family,
  modes: [34],
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      root: { type: 'string', minLength: 1, maxLength: 4096 },
      chunk: { type: 'integer', minimum: 16 * 1024, maximum: 64 * 1024 },
      maxSize: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      digest: { type: 'boolean' },
    },
    description:
      'The directory that files are read from and written to (without one none are), and bounds of what is transferred.',
  },
  value: type<Files>(),
  default: {},
})
