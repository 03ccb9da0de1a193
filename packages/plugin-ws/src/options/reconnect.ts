/**
 * How a client comes back: 129.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { family } from './family.ts'

/** Modes whose clients may connect again: a byte stream does not go on in another connection. */
const MODES = [31, 33, 34, 36]

/** How a client comes back when its connection is lost. */
export interface Reconnect {
  /** Seconds that the first wait lasts at most; each is a random part of its longest (full jitter). @default 1 */
  min?: number
  /** Seconds that any wait lasts at most. @default 30 */
  max?: number
  /** By how much the longest wait grows with each failure. @default 2 */
  factor?: number
  /** Failures in a row after which the client ends. 0: none are too many. @default 0 */
  tries?: number
}

export const WS_RECONNECT = defineOption({
  number: 129,
  name: 'WS_RECONNECT',
  family,
  modes: MODES,
  schema: {
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          min: { type: 'number', exclusiveMinimum: 0, maximum: 3600 },
          max: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
          factor: { type: 'number', minimum: 1, maximum: 10 },
          tries: { type: 'integer', minimum: 0, maximum: 1_000_000 },
        },
      },
    ],
    description: 'Connect again when the connection is lost, and after how long.',
  },
  value: type<boolean | Reconnect>(),
  default: false,
})
