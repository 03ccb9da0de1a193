/**
 * Random ids, from a pool: one call of the system for many of them.
 * @module
 */
const POOL = 4096
let pool: Buffer | undefined
let at = POOL

/** Hexadecimal digits, two a byte. */
export function randomHex(bytes: number): string {
  if (at + bytes > POOL) {
    pool ??= Buffer.allocUnsafeSlow(POOL)
    // Loaded where it is used: its ESM face alone costs a worker milliseconds.
    process.getBuiltinModule('node:crypto').randomFillSync(pool)
    at = 0
  }
  const from = at
  at += bytes
  return pool!.toString('hex', from, at)
}

/** RFC 9562 section 5.7: ids that sort by the time they were made at. */
export function uuidV7(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  const random = randomHex(10)
  const variant = '89ab'[random.charCodeAt(3) & 3]!
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`
}

/** Section 3.2.2.4 of W3C Trace Context: all zeros is no id. */
export function spanId(): string {
  const id = randomHex(8)
  return id === '0'.repeat(16) ? spanId() : id
}
