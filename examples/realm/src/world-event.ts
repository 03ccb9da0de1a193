/**
 * What happens in the world.
 * @module
 */
import type { Player, Room } from './world.ts'

/** Noticed by those who are in `room`. */
export type PlaceEvent =
  /** `from` is the room that was left; absent for who is new, and for who was put here. */
  | { readonly type: 'arrived'; readonly player: Player; readonly room: string; readonly from?: string }
  | { readonly type: 'left'; readonly player: Player; readonly room: string; readonly direction: string }
  | { readonly type: 'said'; readonly player: Player; readonly room: string; readonly text: string }
  /** Somebody begins or ends to play one who stays in the world. */
  | { readonly type: 'woke' | 'slept'; readonly player: Player; readonly room: string }
  /** The player is in the world no more. */
  | { readonly type: 'gone'; readonly player: Player; readonly room: string }

/** Heard by everybody, wherever they are. */
export interface HeardEvent {
  /** `chatted` is between players, `announced` is for all to heed. */
  readonly type: 'chatted' | 'announced'
  readonly player: Player
  readonly text: string
}

/** A room was made, or taken away. Nobody sees it happen. */
export interface BuildingEvent {
  readonly type: 'built' | 'razed'
  readonly place: Room
}

export type WorldEvent = PlaceEvent | HeardEvent | BuildingEvent

export type WorldObserver = (event: WorldEvent) => void
