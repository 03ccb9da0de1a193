/**
 * Parts of a body (RFC 9110 section 14).
 * @module
 */

/** A part of a body: from, to and not with. */
export type Range = readonly [from: number, to: number]

/** More parts than a client has use for are an attack (RFC 9110 section 14.2). */
export const MAX_RANGES = 32
/** Of parts that overlap, those that are more than a mistake. */
const MAX_OVERLAPS = 2

/**
 * The parts that a Range asks for, in its order. Undefined: it asks for nothing that is understood, and all is sent.
 * Null: there are no such parts, or far too many.
 */
export function rangesOf(range: string, size: number): readonly Range[] | undefined | null {
  const text = range.trim()
  if (!/^bytes=/i.test(text)) return undefined
  const wanted: Range[] = []
  let specs = 0
  for (const spec of text.slice('bytes='.length).split(',')) {
    const trimmed = spec.trim()
    if (trimmed === '') continue
    if (++specs > MAX_RANGES) return null
    const found = readRange(trimmed, size)
    if (found === undefined) return undefined
    if (found) wanted.push(found)
  }
  if (specs === 0) return undefined
  return wanted.length === 0 || overlaps(wanted) > MAX_OVERLAPS ? null : wanted
}

/** Undefined for what is no range, null for one that the body does not have. */
function readRange(spec: string, size: number): Range | undefined | null {
  const match = /^(\d{0,15})-(\d{0,15})$/.exec(spec)
  if (!match || match[0] === '-') return undefined
  const [, first = '', last = ''] = match
  if (first === '') return Number(last) === 0 || size === 0 ? null : [Math.max(0, size - Number(last)), size]
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= size) return null
  return [Number(first), last === '' ? size : Math.min(size, Number(last) + 1)]
}

function overlaps(ranges: readonly Range[]): number {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0])
  let count = 0
  let end = 0
  for (const [from, to] of sorted) {
    if (from < end) count++
    end = Math.max(end, to)
  }
  return count
}

/** The value of a Content-Range. Null: of a 416. */
export function contentRange(range: Range | null, size: number): string {
  return range === null ? `bytes */${size}` : `bytes ${range[0]}-${range[1] - 1}/${size}`
}
