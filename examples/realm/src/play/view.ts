/**
 * How a player sees the world: what each way of playing brings along.
 * @module
 */
import type { Player, Room, World } from '../world.ts'
import type { HeardEvent, PlaceEvent } from '../world-event.ts'
import type { Paint } from './text.ts'

/** Where a player is. */
export interface Scene {
  readonly world: World
  readonly room: Room
  readonly beholder: Player
}

export interface View {
  /** For what `print` is given. */
  readonly paint: Paint
  /** What the game answers. */
  print(text: string): void
  /** `isNew`: the player has just come here. */
  showRoom(scene: Scene, isNew: boolean): void
  /** `isOwn`: the player did it. */
  showEvent(world: World, event: PlaceEvent | HeardEvent, isOwn: boolean): void
}
