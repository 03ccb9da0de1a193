/**
 * All dialects, by name.
 * @module
 */
import { hydrogen, hydrogenFiltered } from './hydrogen.ts'
import { plain } from './plain.ts'
import { socketIo } from './socket-io.ts'

export { type Dialect, isEvent, message, open, PAYLOAD, together } from './dialect.ts'
export const DIALECTS = {
  plain,
  hydrogen,
  'hydrogen filtered': hydrogenFiltered,
  'socket.io': socketIo,
} as const
export type DialectName = keyof typeof DIALECTS
