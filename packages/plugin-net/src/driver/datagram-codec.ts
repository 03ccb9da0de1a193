/**
 * The payloads of datagrams: text, bytes, or each compressed by itself.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SocketError } from '@unisock/kernel/plugin'
import {
  deflateOptions,
  type InflateSettings,
  inflateOptions,
  zstdCompressOptions,
  zstdDecompressOptions,
} from '../compression/index.ts'
import { checkCompression, compressionSettings } from '../framing/compression-settings.ts'
import type { CompressionOption, TextEncoding } from '../options.ts'

export interface DatagramCodec {
  encode(data: string | Uint8Array): Uint8Array
  /** @throws {Error} for a datagram that cannot be read. */
  decode(bytes: Buffer): Buffer | string
}

const toBytes = (data: string | Uint8Array, encoding: BufferEncoding = 'utf8'): Uint8Array =>
  typeof data === 'string' ? Buffer.from(data, encoding) : data

export const binaryCodec: DatagramCodec = { encode: data => toBytes(data), decode: bytes => bytes }

/** What is no text stays a Buffer. */
export function textCodec(encoding: TextEncoding): DatagramCodec {
  const isText = encoding === 'utf8' ? isUtf8 : () => true
  return {
    encode: data => toBytes(data, encoding),
    decode: bytes => (isText(bytes) ? bytes.toString(encoding) : bytes),
  }
}

/** The first byte of a compressed datagram. */
const STORED = 0
const HEADERS = { zlib: 1, zstd: 2 } as const
/** Added to a header when the dictionary was used. */
const WITH_DICTIONARY = 0x10
const MAX_OUTPUT = 1024 * 1024

/**
 * Each datagram by itself, since others may be lost or overtaken. A byte before it says how it is compressed; what
 * would grow is stored. With `raw` there is no such byte, and everything is compressed.
 *
 * @throws {SocketError} `ENOTSUP` where this Node lacks the algorithm, `EINVAL` for a setting it does not take.
 */
export function compressedCodec(option: CompressionOption): DatagramCodec {
  checkCompression(option)
  const settings = compressionSettings(option)
  const { compress, expand } = settings.algorithm === 'zstd' ? zstd(settings) : zlib(settings)
  if (option.raw) return { encode: data => compress(toBytes(data)), decode: expand }
  const header = HEADERS[settings.algorithm ?? 'zlib'] + (settings.dictionary ? WITH_DICTIONARY : 0)
  return {
    encode(data) {
      const bytes = toBytes(data)
      const packed = compress(bytes)
      return packed.length < bytes.length ? prefixed(header, packed) : prefixed(STORED, bytes)
    },
    decode(bytes) {
      if (bytes.length === 0) throw new SocketError('EPROTO', 'a compressed datagram has no header byte')
      const body = bytes.subarray(1)
      if (bytes[0] === STORED) return body
      if (bytes[0] === header) return expand(body)
      throw new SocketError(
        'EPROTO',
        `a datagram is compressed in another way (${bytes[0]}), or with another dictionary`,
      )
    },
  }
}

function zlib(settings: InflateSettings) {
  const deflate = deflateOptions(settings)
  const inflate = { ...inflateOptions(settings), maxOutputLength: settings.maxOutput ?? MAX_OUTPUT }
  return {
    compress: (bytes: Uint8Array): Buffer => deflateSync(bytes, deflate),
    expand: (bytes: Uint8Array): Buffer => inflateSync(bytes, inflate),
  }
}

function zstd(settings: InflateSettings) {
  const compress = zstdCompressOptions(settings)
  const decompress = { ...zstdDecompressOptions(settings), maxOutputLength: settings.maxOutput ?? MAX_OUTPUT }
  return {
    compress: (bytes: Uint8Array): Buffer => zstdCompressSync(bytes, compress),
    expand: (bytes: Uint8Array): Buffer => zstdDecompressSync(bytes, decompress),
  }
}

function prefixed(header: number, bytes: Uint8Array): Buffer {
  const datagram = Buffer.allocUnsafe(bytes.length + 1)
  datagram[0] = header
  datagram.set(bytes, 1)
  return datagram
}
