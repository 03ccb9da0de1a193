/**
 * JSON schemas of how answers are compressed, for whatever has such settings.
 * @module
 */
import { integer, type Schema } from '@unisock/kernel/plugin'

/** A choice of content codings. */
export const encodingsSchema = (encodings: readonly string[]): Schema => ({
  type: 'array',
  minItems: 1,
  uniqueItems: true,
  items: { enum: encodings },
})

/** Bytes of a body that is worth compressing. */
export const thresholdSchema = (body: string): Schema =>
  integer(`Bytes of ${body} below which it is sent as it is.`, 0, 2 ** 30)

/** The properties of HttpCompression. */
export const COMPRESSION_PROPERTIES: Readonly<Record<string, Schema>> = {
  threshold: thresholdSchema('a whole body'),
  encodings: encodingsSchema(['zstd', 'br', 'gzip', 'deflate']),
  level: integer('From 1, fast, to 9, small.', 1, 9),
}
