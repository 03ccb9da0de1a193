/**
 * Who plays whom, by whatever door they came in.
 * @module
 */
import type { Accounts } from './accounts.ts'
import type { Player, World } from './world.ts'

/** Somebody who plays. */
export interface Visit {
  /** The player was made for this visit, and goes with it. */
  readonly isGuest: boolean
  /** Shows the last words, and hangs up. */
  end(words: string): void
}

export class House {
  readonly world: World
  readonly accounts: Accounts
  /** By the player's id. */
  readonly #visits = new Map<number, Visit>()

  constructor(world: World, accounts: Accounts) {
    this.world = world
    this.accounts = accounts
  }

  /** How many are played. */
  get playing(): number {
    return this.#visits.size
  }

  isPlayed(player: Player): boolean {
    return this.#visits.has(player.id)
  }

  /** Whoever plays them already has to go. */
  enter(player: Player, visit: Visit): void {
    const elsewhere = this.#visits.get(player.id)
    this.#visits.set(player.id, visit)
    if (elsewhere) elsewhere.end('Somebody else plays you now.')
    else if (!visit.isGuest) this.world.wake(player)
  }

  /** The visit is over: the player is played no more, unless somebody else took over. */
  leave(player: Player, visit: Visit): void {
    if (this.#visits.get(player.id) !== visit) return
    this.#visits.delete(player.id)
    if (visit.isGuest) this.world.removePlayer(player.id)
    else if (this.world.player(player.id)) this.world.sleep(player)
  }

  /** Ends the visit of a player; false where nobody plays them. */
  dismiss(player: Player, words: string): boolean {
    const visit = this.#visits.get(player.id)
    visit?.end(words)
    return visit !== undefined
  }
}
