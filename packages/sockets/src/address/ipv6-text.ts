/**
 * The text forms of IPv6 addresses: RFC 4291 section 2.2 in, the canonical form of RFC 5952 out.
 * @module
 */
import { INVALID, parseIPv4, printIPv4 } from './ipv4-text.ts'

const GROUPS = 8

/** Eight 16-bit groups, or undefined. Reads what inet_pton(3) reads, a dotted IPv4 address at the end included. */
export function parseGroups(text: string): number[] | undefined {
  const groups: number[] = []
  let gap = -1
  let i = 0
  if (text.startsWith('::')) {
    gap = 0
    i = 2
  } else if (text.startsWith(':')) return undefined
  while (i < text.length) {
    if (groups.length === GROUPS) return undefined
    const start = i
    let group = 0
    while (i < text.length) {
      const digit = hexDigit(text.charCodeAt(i))
      if (digit < 0) break
      group = group * 16 + digit
      if (++i - start > 4) return undefined
    }
    if (text.charCodeAt(i) === 0x2e) {
      const embedded = parseIPv4(text, start)
      if (embedded === INVALID || groups.length > GROUPS - 2) return undefined
      groups.push(embedded >>> 16, embedded & 0xffff)
      break
    }
    if (i === start) return undefined
    groups.push(group)
    if (i === text.length) break
    if (text.charCodeAt(i) !== 0x3a || ++i === text.length) return undefined
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return undefined
      gap = groups.length
      i++
    }
  }
  if (gap < 0) return groups.length === GROUPS ? groups : undefined
  if (groups.length === GROUPS) return undefined
  groups.splice(gap, 0, ...new Array<number>(GROUPS - groups.length).fill(0))
  return groups
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/**
 * RFC 5952 section 4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals)
 * as `::`. An IPv4-mapped address has its last 32 bits dotted (section 5).
 */
export function printGroups(groups: readonly number[]): string {
  if (isMapped(groups)) return `::ffff:${printIPv4(((groups[6]! << 16) | groups[7]!) >>> 0)}`
  const { start, length } = longestZeroRun(groups)
  if (length < 2) return joinHex(groups, 0, GROUPS)
  return `${joinHex(groups, 0, start)}::${joinHex(groups, start + length, GROUPS)}`
}

function isMapped(groups: readonly number[]): boolean {
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return false
  return groups[5] === 0xffff
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (let i = 0; i < GROUPS; i++) {
    length = groups[i] === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i + 1 - length, length }
  }
  return best
}

function joinHex(groups: readonly number[], start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += `${i > start ? ':' : ''}${groups[i]!.toString(16)}`
  return text
}

/** What a zone id may consist of: printable ASCII but space and the characters that delimit addresses in text. */
export function isZone(zone: string): boolean {
  if (zone.length === 0) return false
  for (let i = 0; i < zone.length; i++) {
    const code = zone.charCodeAt(i)
    if (code <= 0x20 || code >= 0x7f || '%/[]'.includes(zone[i]!)) return false
  }
  return true
}
