/**
 * One frame for many connections: a message that goes to several is framed once.
 * @module
 */
import type { WrittenWire } from '../wire.ts'
import { buildFrame } from './ws-library.ts'

let latest: WrittenWire | undefined
let frame: Buffer | undefined

/**
 * The frame of a message that was just written to another connection; undefined the first time. What goes to many is
 * the same value each time.
 */
export function sharedFrame(
  message: WrittenWire,
  payload: string | Uint8Array,
  binary: boolean,
): Buffer | undefined {
  if (message !== latest) {
    latest = message
    frame = undefined
    return undefined
  }
  frame ??= buildFrame(typeof payload === 'string' ? Buffer.from(payload) : payload, binary ? 2 : 1)
  return frame
}
