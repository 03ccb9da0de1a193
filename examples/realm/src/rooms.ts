/**
 * The rooms that a world begins with.
 * @module
 */
import type { Room } from './world.ts'

/** Where players appear. */
export const FIRST_ROOM = 'gate'

export const ROOMS: readonly Room[] = [
  {
    id: 'gate',
    name: 'The Gate',
    description: 'Two stone herons guard a gate that nobody has closed in years.',
    exits: { north: 'square' },
  },
  {
    id: 'square',
    name: 'The Square',
    description: 'A well, a notice board, and the smell of bread.',
    exits: { south: 'gate', east: 'inn', down: 'cellar' },
  },
  {
    id: 'inn',
    name: 'The Drowned Lantern',
    description: 'Low beams and a fire. Somebody is always telling the end of a story.',
    exits: { west: 'square' },
  },
  {
    id: 'cellar',
    name: 'The Cellar',
    description: 'Cool, dark, and not as empty as it should be.',
    exits: { up: 'square' },
  },
]
