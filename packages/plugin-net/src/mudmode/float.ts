/**
 * Floats as C's `%f` prints them: six decimals, no exponent.
 * @module
 */
import { MudmodeError } from './error.ts'

/** From here on `toFixed` gives an exponent, and every float is an integer. */
const NO_FRACTION = 1e21

/** @throws {MudmodeError} `EBADDATA` for what is not finite. */
export function formatFloat(value: number): string {
  if (!Number.isFinite(value)) throw new MudmodeError('EBADDATA', `${value} has no LPC text`)
  if (Object.is(value, -0)) return '-0.000000'
  if (Math.abs(value) >= NO_FRACTION) return `${BigInt(value)}.000000`
  if (!isHalfway(value)) return value.toFixed(6)
  const exact = value.toFixed(7)
  const isEven = (exact.charCodeAt(exact.length - 2) & 1) === 0
  return isEven ? exact.slice(0, -1) : value.toFixed(6)
}

/** Exactly between two results: C takes the even one, JavaScript the greater. Only odd multiples of 1/128 are. */
function isHalfway(value: number): boolean {
  return Math.abs((value * 128) % 2) === 1
}
