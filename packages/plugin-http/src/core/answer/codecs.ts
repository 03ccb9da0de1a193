/**
 * Content codings by zlib, which works on threads of its own.
 * @module
 */
import type { Transform } from 'node:stream'
import type { AnswerEncoding } from './options.ts'

/** Loaded when something is compressed first. */
const zlib = (): typeof import('node:zlib') => process.getBuiltinModule('node:zlib')

/** A window of 2¹⁹ bytes: many streams at once must not take megabytes each. */
const LOG_WINDOW = 19
/** Brotli's own default, 11, is for what is compressed once and sent for ever. */
const BROTLI_QUALITY = 4
/** zstd's fast side goes below its default of 3. */
const ZSTD_LEVEL = 3

/** The codings that this Node has: zstd came with 22.15. */
export function available(encodings: readonly AnswerEncoding[]): AnswerEncoding[] {
  return encodings.filter(encoding => encoding !== 'zstd' || zlib().zstdCompress !== undefined)
}

/** Bytes of a body that is sooner compressed at once, some 100 µs of work, than handed to another thread and back. */
const SMALL = 16 * 1024
/** Above it what is small takes long as well. */
const QUICK_LEVEL = 5

/** A whole body, compressed: at once where that is quick, else by zlib's threads. */
export function encodeWhole(
  body: string | Uint8Array,
  encoding: AnswerEncoding,
  level: number | undefined,
): Buffer | Promise<Buffer> {
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  return size <= SMALL && (level ?? 0) <= QUICK_LEVEL
    ? encodeNow(body, encoding, level, size)
    : encodeLater(body, encoding, level, size)
}

function encodeNow(
  body: string | Uint8Array,
  encoding: AnswerEncoding,
  level: number | undefined,
  size: number,
): Buffer {
  if (encoding === 'gzip') return zlib().gzipSync(body, deflateOptions(level))
  if (encoding === 'deflate') return zlib().deflateSync(body, deflateOptions(level))
  if (encoding === 'br') return zlib().brotliCompressSync(body, brotliOptions(level, size))
  return zlib().zstdCompressSync(body, zstdOptions(level, size))
}

function encodeLater(
  body: string | Uint8Array,
  encoding: AnswerEncoding,
  level: number | undefined,
  size: number,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const done = (error: Error | null, coded: Buffer): void => (error ? reject(error) : resolve(coded))
  if (encoding === 'gzip') zlib().gzip(body, deflateOptions(level), done)
  else if (encoding === 'deflate') zlib().deflate(body, deflateOptions(level), done)
  else if (encoding === 'br') zlib().brotliCompress(body, brotliOptions(level, size), done)
  else zlib().zstdCompress(body, zstdOptions(level, size), done)
  return promise
}

/** What compresses a body in chunks. Each leaves whole when it comes: it may be all that there is for long. */
export function encodeStream(encoding: AnswerEncoding, level: number | undefined): Transform {
  const { constants } = zlib()
  if (encoding === 'gzip')
    return zlib().createGzip({ ...deflateOptions(level), flush: constants.Z_SYNC_FLUSH })
  if (encoding === 'deflate')
    return zlib().createDeflate({ ...deflateOptions(level), flush: constants.Z_SYNC_FLUSH })
  if (encoding === 'br')
    return zlib().createBrotliCompress({
      ...brotliOptions(level, undefined),
      flush: constants.BROTLI_OPERATION_FLUSH,
    })
  return zlib().createZstdCompress({ ...zstdOptions(level, undefined), flush: constants.ZSTD_e_flush })
}

function deflateOptions(level: number | undefined): { level?: number } {
  return level === undefined ? {} : { level }
}

function brotliOptions(
  level: number | undefined,
  size: number | undefined,
): { params: Record<number, number> } {
  const { constants } = zlib()
  return {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: level ?? BROTLI_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: windowOf(size, constants.BROTLI_MIN_WINDOW_BITS),
      ...(size !== undefined && { [constants.BROTLI_PARAM_SIZE_HINT]: size }),
    },
  }
}

/** Told of the size, zstd takes memory for that instead of for whatever may come. */
function zstdOptions(
  level: number | undefined,
  size: number | undefined,
): { params: Record<number, number>; pledgedSrcSize?: number } {
  const { constants } = zlib()
  return {
    params: {
      [constants.ZSTD_c_compressionLevel]: level ?? ZSTD_LEVEL,
      ...(size === undefined && { [constants.ZSTD_c_windowLog]: LOG_WINDOW }),
    },
    ...(size !== undefined && { pledgedSrcSize: size }),
  }
}

function windowOf(size: number | undefined, least: number): number {
  return size === undefined ? LOG_WINDOW : Math.max(least, Math.min(LOG_WINDOW, 32 - Math.clz32(size)))
}
