/**
 * How a client comes back: 129.
 * @module
 */
import { defineOption, type Reconnect, reconnectSchema, type } from '@unisock/kernel/plugin'
import { family } from './family.ts'

/** Modes whose clients may connect again: a byte stream does not go on in another connection. */
const MODES = [31, 33, 34, 36]

export const WS_RECONNECT = defineOption({
  number: 129,
  name: 'WS_RECONNECT',
  family,
  modes: MODES,
  schema: reconnectSchema,
  value: type<boolean | Reconnect>(),
  default: false,
})
