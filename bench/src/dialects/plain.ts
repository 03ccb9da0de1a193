/**
 * A server without a protocol: a client gets what is published as soon as it is there.
 * @module
 */
import type { Dialect } from './dialect.ts'

export const plain: Dialect = {
  join: async () => undefined,
  echo: text => text,
  publish: 'publish',
  block: 'block',
}
