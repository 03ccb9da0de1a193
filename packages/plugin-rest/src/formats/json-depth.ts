/**
 * How deep JSON text is nested, before anything is made of it.
 * @module
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Whether arrays and objects are nested deeper than allowed. What is no JSON is either. */
export function isDeeper(text: Buffer, limit: number): boolean {
  // Each level takes two bytes.
  if (text.length <= 2 * limit) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    // '[' and '{', ']' and '}' differ by one bit.
    if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
    else if (byte === QUOTE) {
      at = endOfString(text, at + 1)
      if (at < 0) return false
    }
  }
  return false
}

function endOfString(text: Buffer, from: number): number {
  for (let end = text.indexOf(QUOTE, from); end >= 0; end = text.indexOf(QUOTE, end + 1)) {
    let before = end
    while (text[before - 1] === BACKSLASH) before--
    if ((end - before) % 2 === 0) return end
  }
  return -1
}
