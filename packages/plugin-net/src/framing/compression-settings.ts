/**
 * SO_COMPRESSION as the codecs take it.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { type CompressionError, checkSettings, type InflateSettings } from '../compression/index.ts'
import type { CompressionOption } from '../options.ts'

export function compressionSettings({ dictionary, raw: _raw, ...rest }: CompressionOption): InflateSettings {
  if (dictionary === undefined) return rest
  return { ...rest, dictionary: typeof dictionary === 'string' ? Buffer.from(dictionary) : dictionary }
}

/** @throws {SocketError} `ENOTSUP` where this Node lacks the algorithm, `EINVAL` for a setting it does not take. */
export function checkCompression(option: CompressionOption): void {
  try {
    checkSettings(compressionSettings(option))
  } catch (cause) {
    const { code, message } = cause as CompressionError
    throw new SocketError(code, `SO_COMPRESSION (19): ${message}`, { cause })
  }
}
