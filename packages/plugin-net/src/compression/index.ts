/**
 * Compressed streams over node:zlib.
 * @module
 */
export { type DeflateHandlers, Deflater } from './deflater.ts'
export { CompressionError } from './error.ts'
export { type InflateHandlers, Inflater } from './inflater.ts'
export {
  type CompressionSettings,
  checkSettings,
  deflateOptions,
  type InflateSettings,
  inflateOptions,
  isAlgorithmAvailable,
  zstdCompressOptions,
  zstdDecompressOptions,
} from './settings.ts'
