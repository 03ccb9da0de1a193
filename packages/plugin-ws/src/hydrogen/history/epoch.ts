/**
 * @module
 */
import { randomBytes } from 'node:crypto'

/**
 * The name of a topic's present life. A position is good only within the epoch it was given in: when the data is lost,
 * offsets begin anew in another epoch, and no old position is taken for a new one.
 */
export function newEpoch(now: number): string {
  return `${Math.floor(now).toString(36)}.${randomBytes(9).toString('base64url')}`
}
