/**
 * LPC values in JavaScript.
 *
 * | LPC | sent from | read as |
 * |---|---|---|
 * | int | a number without fraction up to ±(2^53-1), a bigint within 64 bits, a boolean (1, 0) | number; bigint beyond ±(2^53-1) |
 * | float | any other number or bigint, {@link LpcFloat} | number |
 * | string | string | string |
 * | array | array | array |
 * | mapping | plain object, Map | object without prototype where all keys are strings, else Map |
 * | class instance | {@link LpcClass} | {@link LpcClass} |
 * | undefined | undefined, null | 0 |
 * | what cannot be sent (object, function, buffer) | everything else: an empty slot in a container, an empty payload alone | 0 |
 *
 * What comes back equal: strings without NUL and lone surrogates, ints, arrays, classes and mappings of these. A float
 * keeps six decimals, and one without fraction comes back as the number that is sent as an int.
 * @module
 */

export type LpcValue =
  | number
  | bigint
  | string
  | LpcClass
  | LpcValue[]
  | Map<LpcValue, LpcValue>
  | { [key: string]: LpcValue }

const CLASS = Symbol.for('unisock.LpcClass')
const FLOAT = Symbol.for('unisock.LpcFloat')

/** An instance of an LPC class (struct): its members by position, as the wire has no names. */
export class LpcClass {
  readonly members: unknown[]
  readonly [CLASS] = true

  constructor(members: unknown[]) {
    this.members = members
  }
}

/** A number that is sent as a float also where it has no fraction. */
export class LpcFloat {
  readonly value: number
  readonly [FLOAT] = true

  constructor(value: number) {
    this.value = value
  }
}

/** Recognises an LpcClass of any copy of this package. */
export function isLpcClass(value: unknown): value is LpcClass {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[CLASS] === true
}

/** Recognises an LpcFloat of any copy of this package. */
export function isLpcFloat(value: unknown): value is LpcFloat {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[FLOAT] === true
}
