/**
 * What both directions of a compressed stream are set up with.
 * @module
 */
import zlib from 'node:zlib'
import { CompressionError } from './error.ts'

export interface CompressionSettings {
  /** `zlib` (RFC 1950, what MCCP uses) or `zstd` (RFC 8878; Node's own, absent from older ones). */
  readonly algorithm?: 'zlib' | 'zstd' | undefined
  /** zlib 0-9, zstd 1-22; the library's default. */
  readonly level?: number | undefined
  /**
   * Log2 of the history: zlib 9-15 (default 15), zstd 10-27 (default: the level's, at most 23 in either direction, RFC
   * 8878 section 3.1.1.1.2). Decides most of a stream's memory.
   */
  readonly windowBits?: number | undefined
  /** zlib 1-9, default 8. */
  readonly memLevel?: number | undefined
  /** Bytes that both sides know beforehand. */
  readonly dictionary?: Uint8Array | undefined
}

export interface InflateSettings extends CompressionSettings {
  /** The most bytes that one written chunk may become; default 16 MiB. */
  readonly maxOutput?: number | undefined
  /** The most output for each byte of input over the stream's life, once the output is past 1 MiB; default 200. */
  readonly maxRatio?: number | undefined
}

export const DEFAULT_MAX_OUTPUT = 16 * 1024 * 1024
export const DEFAULT_MAX_RATIO = 200

const DEFAULT_ZSTD_WINDOW = 23
/** From here on a level's own window is larger than {@link DEFAULT_ZSTD_WINDOW}. */
const LARGE_WINDOW_LEVEL = 20

/** Whether this Node can do the algorithm. */
export function isAlgorithmAvailable(algorithm: 'zlib' | 'zstd'): boolean {
  return algorithm === 'zlib' || typeof zlib.createZstdCompress === 'function'
}

/** @throws {CompressionError} `ENOTSUP` or `EINVAL`, for what either direction does not take. */
export function checkSettings(settings: CompressionSettings): void {
  createCompressor(settings).destroy()
  createDecompressor(settings).destroy()
}

/**
 * A compressor that flushes after each write, so that the peer can read all that was written.
 *
 * @throws {CompressionError} `ENOTSUP` or `EINVAL`.
 */
export function createCompressor(settings: CompressionSettings): zlib.Deflate | zlib.ZstdCompress {
  return create(settings, {
    zlib: () => zlib.createDeflate({ ...deflateOptions(settings), flush: zlib.constants.Z_SYNC_FLUSH }),
    zstd: () =>
      zlib.createZstdCompress({
        ...zstdCompressOptions(settings),
        flush: zlib.constants.ZSTD_e_flush,
        finishFlush: zlib.constants.ZSTD_e_end,
      }),
  })
}

/**
 * A decompressor that does not mind a stream without an end: peers close without one.
 *
 * @throws {CompressionError} `ENOTSUP` or `EINVAL`.
 */
export function createDecompressor(settings: CompressionSettings): zlib.Inflate | zlib.ZstdDecompress {
  return create(settings, {
    zlib: () => zlib.createInflate({ ...inflateOptions(settings), finishFlush: zlib.constants.Z_SYNC_FLUSH }),
    zstd: () =>
      zlib.createZstdDecompress({
        ...zstdDecompressOptions(settings),
        finishFlush: zlib.constants.ZSTD_e_continue,
      }),
  })
}

export function deflateOptions(settings: CompressionSettings): zlib.ZlibOptions {
  const { level, windowBits, memLevel, dictionary } = settings
  return { level, windowBits, memLevel, dictionary }
}

export function inflateOptions({ windowBits, dictionary }: CompressionSettings): zlib.ZlibOptions {
  return { windowBits, dictionary }
}

export function zstdCompressOptions({
  level,
  windowBits,
  dictionary,
}: CompressionSettings): zlib.ZstdOptions {
  const params: Record<number, number> = {}
  if (level !== undefined) params[zlib.constants.ZSTD_c_compressionLevel] = level
  const windowLog = windowBits ?? ((level ?? 0) >= LARGE_WINDOW_LEVEL ? DEFAULT_ZSTD_WINDOW : undefined)
  if (windowLog !== undefined) params[zlib.constants.ZSTD_c_windowLog] = windowLog
  return { params, ...(dictionary && { dictionary: asBuffer(dictionary) }) }
}

export function zstdDecompressOptions({ windowBits, dictionary }: CompressionSettings): zlib.ZstdOptions {
  return {
    params: { [zlib.constants.ZSTD_d_windowLogMax]: windowBits ?? DEFAULT_ZSTD_WINDOW },
    ...(dictionary && { dictionary: asBuffer(dictionary) }),
  }
}

function create<Z, S>(settings: CompressionSettings, by: { zlib: () => Z; zstd: () => S }): Z | S {
  const algorithm = settings.algorithm ?? 'zlib'
  if (!isAlgorithmAvailable(algorithm)) throw new CompressionError('ENOTSUP', 'this Node has no zstd')
  try {
    return by[algorithm]()
  } catch (error) {
    throw new CompressionError('EINVAL', error instanceof Error ? error.message : String(error), error)
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
