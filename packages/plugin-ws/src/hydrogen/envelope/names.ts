/**
 * Which characters an id or a name may have.
 * @module
 */

/** Whether there is one of C0, C1 or DEL (Unicode's category Cc), or a line separator (U+2028, U+2029). */
export function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) return true
  }
  return false
}
