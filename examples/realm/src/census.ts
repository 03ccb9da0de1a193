/**
 * How many there are, whenever that has changed.
 * @module
 */
import type { House } from './house.ts'
import type { WorldEvent } from './world-event.ts'

export interface Census {
  readonly playing: number
  readonly players: number
  readonly rooms: number
}

/** What the numbers depend on. */
const CHANGES: ReadonlySet<WorldEvent['type']> = new Set([
  'arrived',
  'gone',
  'woke',
  'slept',
  'built',
  'razed',
])

export function takeCensus({ world, playing }: House): Census {
  return { playing, players: world.players().length, rooms: world.rooms().length }
}

/** Calls `changed` behind whatever changes it, once for all that happens together. */
export function watchCensus(house: House, changed: () => void): Disposable {
  let isDue = false
  return house.world.watch(event => {
    if (isDue || !CHANGES.has(event.type)) return
    isDue = true
    // Whoever arrives is not yet counted among those who play.
    queueMicrotask(() => {
      isDue = false
      changed()
    })
  })
}
