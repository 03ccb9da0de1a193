/**
 * Messages deflated each by itself: what goes to many is deflated once, and nothing is kept for any connection.
 * @module
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { buildFrame, type Inflated } from '../connection/ws-library.ts'
import type { WrittenWire } from '../wire.ts'

/** zlib's parameters for a message. */
export interface DeflateParams {
  windowBits: number
  memLevel: number
  level: number
}

/** What a flush leaves at the end of a message, and what is not sent of it (RFC 7692 section 7.2.1). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])
const MIN_CHUNK = 1024
const MAX_CHUNK = 64 * 1024

/** A message's bytes, compressed, and the frame that servers send them in. */
export class Deflated {
  readonly bytes: Buffer
  #frame: Buffer | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  frame(opcode: 1 | 2): Buffer | undefined {
    this.#frame ??= buildFrame(this.bytes, opcode, { compressed: true })
    return this.#frame
  }
}

let latest: WrittenWire | undefined
const variants = new Map<number, Deflated>()

/** A written message, deflated; of the one that was written last it is known already. */
export function sharedDeflate(
  message: WrittenWire,
  payload: string | Uint8Array,
  params: DeflateParams,
): Deflated {
  if (message !== latest) {
    latest = message
    variants.clear()
  }
  const key = (params.windowBits << 8) | (params.memLevel << 4) | params.level
  let deflated = variants.get(key)
  if (!deflated) {
    deflated = new Deflated(deflateMessage(payload, params))
    variants.set(key, deflated)
  }
  return deflated
}

/** RFC 7692 section 7.2.1. */
export function deflateMessage(payload: string | Uint8Array, params: DeflateParams): Buffer {
  const bytes = deflateRawSync(payload, {
    ...params,
    chunkSize: chunkFor(payload.length),
    finishFlush: constants.Z_SYNC_FLUSH,
  })
  return bytes.subarray(0, bytes.length - TAIL.length)
}

/** RFC 7692 section 7.2.2, with a bound on what comes out. */
export function inflateMessage(message: Buffer, windowBits: number, maxLength: number): Inflated {
  try {
    return inflateRawSync(Buffer.concat([message, TAIL]), {
      windowBits,
      chunkSize: chunkFor(message.length * 4),
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: maxLength,
    })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'too large' : 'malformed'
  }
}

function chunkFor(expected: number): number {
  return Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, expected))
}
