/**
 * Where UTF-8 text may be cut.
 * @module
 */

/**
 * How many bytes at the end of a chunk begin a character that it does not finish (RFC 3629): 0 to 3. Bytes that begin
 * no character stay with the chunk.
 */
export function unfinishedBytes(chunk: Uint8Array): number {
  const { length } = chunk
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = chunk[length - back]!
    if ((byte & 0b1100_0000) === 0b1000_0000) continue
    const size = byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1
    return byte < 0xf5 && size > back ? back : 0
  }
  return 0
}
