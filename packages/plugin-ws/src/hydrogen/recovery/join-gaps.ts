/**
 * Two things a subscriber is to be told at once.
 * @module
 */
import type { Gap } from '../envelope/types.ts'

/** One gap of two that follow each other without an event in between: of what a lane dropped, and of a notice behind it. */
export function joinGaps(before: Gap | undefined, after: Gap | undefined): Gap | undefined {
  if (before === undefined || after === undefined) return before ?? after
  return { from: Math.min(before.from, after.from), to: Math.max(before.to, after.to) }
}
