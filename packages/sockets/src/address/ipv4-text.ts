/**
 * The text form of IPv4 addresses: four decimal octets, as inet_pton(3) reads them.
 * @module
 */

/** No address: the value {@link parseIPv4} gives for other text. */
export const INVALID = -1

/** The 32 bits of `text` from `start` to its end, or {@link INVALID}. No octal, no leading zeros, no short forms. */
export function parseIPv4(text: string, start = 0): number {
  if (text.length - start > 15) return INVALID
  let value = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x2e) {
      if (digits === 0 || ++dots > 3) return INVALID
      value = value * 256 + octet
      octet = 0
      digits = 0
      continue
    }
    const digit = code - 0x30
    if (digit < 0 || digit > 9) return INVALID
    if (digits > 0 && octet === 0) return INVALID
    octet = octet * 10 + digit
    if (octet > 255) return INVALID
    digits++
  }
  if (digits === 0 || dots !== 3) return INVALID
  return value * 256 + octet
}

/** Four decimal octets. `value` is an unsigned 32-bit integer. */
export function printIPv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}
