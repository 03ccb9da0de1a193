/**
 * A player in play: what is typed, and what is seen of the world.
 * @module
 */
import type { Player, World } from '../world.ts'
import type { WorldEvent } from '../world-event.ts'
import { runCommand } from './commands.ts'
import { printable } from './text.ts'
import type { View } from './view.ts'

export class Session {
  readonly world: World
  readonly player: Player
  readonly view: View
  /** Ends the visit, with a last word. */
  readonly quit: (words: string) => void

  constructor(world: World, player: Player, view: View, quit: (words: string) => void) {
    this.world = world
    this.player = player
    this.view = view
    this.quit = quit
    this.look(true)
  }

  get exits(): string[] {
    return Object.keys(this.world.room(this.player.room)?.exits ?? {})
  }

  line(text: string): void {
    runCommand(this, printable(text).trim())
  }

  look(isNew = false): void {
    const { world, player: beholder, view } = this
    const room = world.room(beholder.room)
    if (room) view.showRoom({ world, room, beholder }, isNew)
  }

  happened(event: WorldEvent): void {
    if (!('player' in event)) return
    const isOwn = event.player === this.player
    if (isOwn && event.type === 'gone') return this.quit('You fade out of the realm.')
    if (isOwn && event.type === 'arrived') return this.look(true)
    if ('room' in event && !this.#notices(event.room, isOwn && event.type !== 'said')) return
    this.view.showEvent(this.world, event, isOwn)
  }

  #notices(room: string, isOwnMove: boolean): boolean {
    return !isOwnMove && room === this.player.room
  }
}
