/**
 * MCCP's streams over node:zlib.
 * @module
 */
import { type CompressionSettings, Deflater, Inflater, type InflateSettings } from '../compression/index.ts'
import type { TelnetCompression } from './mccp.ts'

/** MCCP knows zlib only, without a dictionary. */
export type MccpSettings = Pick<CompressionSettings, 'level' | 'windowBits' | 'memLevel'> &
  Pick<InflateSettings, 'maxOutput' | 'maxRatio'>

export function zlibCompression(settings: MccpSettings = {}): TelnetCompression {
  const { level, windowBits, memLevel, maxOutput, maxRatio } = settings
  return {
    deflater: handlers => new Deflater({ level, windowBits, memLevel }, handlers),
    // A peer's stream has its own window: all are taken.
    inflater: handlers => new Inflater({ maxOutput, maxRatio }, handlers),
  }
}
