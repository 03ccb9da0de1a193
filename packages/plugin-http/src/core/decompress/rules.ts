/**
 * HTTP_DECOMPRESS in the form that each request needs it in.
 * @module
 */
import { isKnownCoding } from './coded-body.ts'
import type { Decompress } from './options.ts'

export interface DecompressRules {
  takes(coding: string): boolean
  /** What is taken, for Accept-Encoding. */
  readonly accepted: string
  readonly ratio: number
}

/** Undefined where nothing is unpacked. */
export function decompressRules(value: boolean | Decompress): DecompressRules | undefined {
  if (value === false) return undefined
  const { codings = ['gzip', 'deflate', 'br', 'zstd'], ratio = 200 } = value === true ? {} : value
  const taken = new Set<string>(codings)
  // RFC 9110 section 8.4.1.3: an old name of the same coding.
  if (taken.has('gzip')) taken.add('x-gzip')
  return {
    takes: coding => taken.has(coding) && isKnownCoding(coding),
    accepted: codings.join(', '),
    ratio,
  }
}
