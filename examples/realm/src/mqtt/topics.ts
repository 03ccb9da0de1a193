/**
 * What the realm publishes.
 *
 * | topic | |
 * |---|---|
 * | `mud/players/login`, `mud/players/logout` | `{ name, room }`: who begins to play, and who ends |
 * | `mud/system/status` | `{ state, playing, players, rooms }`, whenever it has changed; the broker keeps the last one |
 *
 * `state` is `open`, `maintenance` or `gone`; `gone` comes without the rest, and from the broker where the realm could not
 * say so itself.
 * @module
 */
import type { Census } from '../census.ts'

export const ALL_TOPICS = 'mud/#'
export const LOGIN = 'mud/players/login'
export const LOGOUT = 'mud/players/logout'
export const STATUS = 'mud/system/status'

export type Status = ({ readonly state: 'open' | 'maintenance' } & Census) | { readonly state: 'gone' }

export const GONE: Status = { state: 'gone' }
