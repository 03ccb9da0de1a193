/**
 * SO_COMPRESSION as the codecs take it.
 * @module
 */
import type { InflateSettings } from '../compression/index.ts'
import type { CompressionOption } from '../options.ts'

export function compressionSettings({ dictionary, raw: _raw, ...rest }: CompressionOption): InflateSettings {
  if (dictionary === undefined) return rest
  return { ...rest, dictionary: typeof dictionary === 'string' ? Buffer.from(dictionary) : dictionary }
}
