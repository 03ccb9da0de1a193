/**
 * Several parts of a body in one answer: multipart/byteranges (RFC 9110 section 14.6).
 * @module
 */
import { contentRange, type Range } from './ranges.ts'

export interface Multipart {
  /** The value of Content-Type. */
  readonly type: string
  /** Bytes. */
  readonly length: number
  /** What is sent before each of the parts, and behind the last. */
  readonly heads: readonly Buffer[]
  readonly end: Buffer
}

/** `type` is the whole body's media type. */
export function multipartOf(ranges: readonly Range[], size: number, type: string): Multipart {
  const boundary = process.getBuiltinModule('node:crypto').randomBytes(18).toString('hex')
  const heads = ranges.map((range, index) =>
    Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: ${type}\r\nContent-Range: ${contentRange(range, size)}\r\n\r\n`,
      'latin1',
    ),
  )
  const end = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')
  let length = end.length
  for (const head of heads) length += head.length
  for (const [from, to] of ranges) length += to - from
  return { type: `multipart/byteranges; boundary=${boundary}`, length, heads, end }
}

/** The parts of a body that is there. */
export function cutOut({ heads, end }: Multipart, ranges: readonly Range[], body: Uint8Array): Buffer {
  const pieces: Uint8Array[] = []
  for (const [index, [from, to]] of ranges.entries()) pieces.push(heads[index]!, body.subarray(from, to))
  return Buffer.concat([...pieces, end])
}
