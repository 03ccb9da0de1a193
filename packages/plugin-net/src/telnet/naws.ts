/**
 * Window size (NAWS, RFC 1073).
 * @module
 */

export interface WindowSize {
  /** Columns; 0 where the peer leaves it to us. */
  readonly width: number
  /** Rows; 0 where the peer leaves it to us. */
  readonly height: number
}

const MAX_SIDE = 0xffff

export function encodeNaws({ width, height }: WindowSize): Buffer {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt16BE(clamp(width), 0)
  payload.writeUInt16BE(clamp(height), 2)
  return payload
}

/** Undefined for a payload of the wrong length. */
export function decodeNaws(payload: Buffer): WindowSize | undefined {
  if (payload.length !== 4) return undefined
  return { width: payload.readUInt16BE(0), height: payload.readUInt16BE(2) }
}

function clamp(side: number): number {
  return Math.min(Math.max(Math.trunc(side) || 0, 0), MAX_SIDE)
}
