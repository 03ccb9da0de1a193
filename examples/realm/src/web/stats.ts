/**
 * What administrators are shown.
 * @module
 */
import type { Hydrogen } from '@unisock/plugin-ws'
import type { House } from '../house.ts'
import type { Stats } from './admin.ts'

export function realmStats(house: House, hydrogen: Hydrogen): Stats {
  return async () => {
    const { sessions, subscriptions, published, deliveries, resumes } = await hydrogen.metrics()
    return {
      'players awake': house.playing,
      players: house.world.players().length,
      rooms: house.world.rooms().length,
      'sessions that watch': sessions,
      subscriptions,
      'events published': published,
      'events delivered': deliveries,
      'sessions resumed': resumes.recovered + resumes.partly,
    }
  }
}
