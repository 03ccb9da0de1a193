/**
 * The shape of MessagePack, looked at before it is decoded: a header of five bytes may announce an array of four
 * thousand million, and decoders make room for what is announced.
 * @module
 */

/** The one extension that MessagePack itself defines: a timestamp. */
const TIMESTAMP = 0xff

/**
 * @throws {Error} for data that are cut off, go on behind their end, are nested too deep or have extensions.
 */
export function checkMsgpack(data: Buffer, maxDepth: number): void {
  /** How many values are missing, by level. */
  const missing: number[] = [1]
  let at = 0
  while (missing.length > 0) {
    const level = missing.length - 1
    if (missing[level] === 0) {
      missing.pop()
      continue
    }
    missing[level]!--
    if (at >= data.length) throw new Error('is cut off')
    const { size, values } = itemAt(data, at)
    at += size
    if (at > data.length || values > data.length - at) throw new Error('announces more than there is')
    if (values === 0) continue
    if (level >= maxDepth) throw new Error('is nested too deep')
    missing.push(values)
  }
  if (at < data.length) throw new Error('goes on behind its end')
}

interface Item {
  /** Bytes of it, without the values in it. */
  size: number
  /** Values in it; of a map keys count too. */
  values: number
}

/** Sizes of what begins with 0xc0 to 0xdf and has no length; 0 for the rest. */
// biome-ignore format: a table
const FIXED = [
  1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5, 9, 2, 3, 5, 9,
  2, 3, 5, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]

function itemAt(data: Buffer, at: number): Item {
  const byte = data[at]!
  if (byte < 0x80 || byte >= 0xe0) return { size: 1, values: 0 }
  if (byte < 0x90) return { size: 1, values: 2 * (byte & 0x0f) }
  if (byte < 0xa0) return { size: 1, values: byte & 0x0f }
  if (byte < 0xc0) return { size: 1 + (byte & 0x1f), values: 0 }
  const fixed = FIXED[byte - 0xc0]!
  if (fixed > 0) return { size: fixed, values: 0 }
  switch (byte) {
    case 0xc4:
    case 0xd9:
      return { size: 2 + lengthAt(data, at, 1), values: 0 }
    case 0xc5:
    case 0xda:
      return { size: 3 + lengthAt(data, at, 2), values: 0 }
    case 0xc6:
    case 0xdb:
      return { size: 5 + lengthAt(data, at, 4), values: 0 }
    case 0xdc:
      return { size: 3, values: lengthAt(data, at, 2) }
    case 0xdd:
      return { size: 5, values: lengthAt(data, at, 4) }
    case 0xde:
      return { size: 3, values: 2 * lengthAt(data, at, 2) }
    case 0xdf:
      return { size: 5, values: 2 * lengthAt(data, at, 4) }
    default:
      return timestampAt(data, at)
  }
}

function lengthAt(data: Buffer, at: number, bytes: number): number {
  if (at + bytes >= data.length) throw new Error('is cut off')
  return data.readUIntBE(at + 1, bytes)
}

/** Of 4, 8 or 12 bytes; and what JavaScript's own packers make of `undefined`. */
function timestampAt(data: Buffer, at: number): Item {
  const byte = data[at]
  if (byte === 0xd6 && data[at + 1] === TIMESTAMP) return { size: 6, values: 0 }
  if (byte === 0xd7 && data[at + 1] === TIMESTAMP) return { size: 10, values: 0 }
  if (byte === 0xc7 && data[at + 1] === 12 && data[at + 2] === TIMESTAMP) return { size: 15, values: 0 }
  if (byte === 0xd4 && data[at + 1] === 0) return { size: 3, values: 0 }
  throw new Error('has an extension that is not taken')
}
