/**
 * Who plays whom, by whatever door they came in.
 * @module
 */
import type { Accounts } from './accounts.ts'
import { type Config, DEFAULTS } from './config.ts'
import type { Player, World } from './world.ts'

/** Somebody who plays. */
export interface Visit {
  /** The player was made for this visit, and goes with it. */
  readonly isGuest: boolean
  /** Shows the last words, and hangs up. */
  end(words: string): void
}

/** Somebody begins or ends to play, or the house is shut to who is new. */
export type HouseEvent =
  | { readonly type: 'entered' | 'left'; readonly player: Player }
  | { readonly type: 'shut' | 'reopened' }

export type HouseObserver = (event: HouseEvent) => void

export class House {
  readonly world: World
  readonly accounts: Accounts
  /** By the player's id. */
  readonly #visits = new Map<number, Visit>()
  readonly #observers = new Set<HouseObserver>()
  /** Why nobody new is let in. */
  #closure: string | undefined
  config: Config = DEFAULTS

  constructor(world: World, accounts: Accounts) {
    this.world = world
    this.accounts = accounts
  }

  /** Tells the observer what happens, until the result is disposed. */
  watch(observer: HouseObserver): Disposable {
    this.#observers.add(observer)
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) }
  }

  /** How many are played. */
  get playing(): number {
    return this.#visits.size
  }

  get isOpen(): boolean {
    return this.#closure === undefined
  }

  isPlayed(player: Player): boolean {
    return this.#visits.has(player.id)
  }

  /** Lets nobody new in until it is opened again. */
  shut(why: string): void {
    this.#closure = why
    this.#tell({ type: 'shut' })
  }

  reopen(): void {
    this.#closure = undefined
    this.#tell({ type: 'reopened' })
  }

  /** Why somebody is not let in; undefined for who is. The keeper always is, and who is in already. */
  refusal(player?: Player): string | undefined {
    if (player && (this.isPlayed(player) || this.accounts.isAdmin(player.id))) return undefined
    if (this.#closure !== undefined) return this.#closure
    return this.playing < this.config.limits.players ? undefined : 'The realm is full. Come back later.'
  }

  /** Whoever plays them already has to go. */
  enter(player: Player, visit: Visit): void {
    const elsewhere = this.#visits.get(player.id)
    this.#visits.set(player.id, visit)
    if (elsewhere) return elsewhere.end('Somebody else plays you now.')
    if (!visit.isGuest) this.world.wake(player)
    this.#tell({ type: 'entered', player })
  }

  /** The visit is over: the player is played no more, unless somebody else took over. */
  leave(player: Player, visit: Visit): void {
    if (this.#visits.get(player.id) !== visit) return
    this.#visits.delete(player.id)
    if (visit.isGuest) this.world.removePlayer(player.id)
    else if (this.world.player(player.id)) this.world.sleep(player)
    this.#tell({ type: 'left', player })
  }

  /** Ends the visit of a player; false where nobody plays them. */
  dismiss(player: Player, words: string): boolean {
    const visit = this.#visits.get(player.id)
    visit?.end(words)
    return visit !== undefined
  }

  #tell(event: HouseEvent): void {
    for (const observer of this.#observers) observer(event)
  }
}
