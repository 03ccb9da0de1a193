/**
 * One connection: at the door first, then in play.
 * @module
 */
import type { MudMessage } from '@unisock/plugin-net'
import type { Accounts } from '../accounts.ts'
import type { Player, World, WorldEvent } from '../world.ts'
import { Login } from './login.ts'
import { Session } from './session.ts'
import type { Terminal } from './terminal.ts'

/** What all visitors share. */
export interface House {
  readonly world: World
  readonly accounts: Accounts
  /** Who plays whom, by the player's id. */
  readonly playing: Map<number, Visitor>
}

export class Visitor {
  readonly #house: House
  readonly #terminal: Terminal
  readonly #hangUp: () => void
  readonly #login: Login
  #session: Session | undefined
  /** The player was made for this visit, and goes with it. */
  #isGuest = false

  constructor(house: House, terminal: Terminal, hangUp: () => void) {
    this.#house = house
    this.#terminal = terminal
    this.#hangUp = hangUp
    this.#login = new Login(house.world, house.accounts, terminal, {
      admit: (player, guest) => this.#admit(player, guest),
      refuse: why => this.#quit(why),
    })
  }

  receive(message: MudMessage): void {
    const line = this.#terminal.receive(message)
    if (line === undefined) return
    if (this.#session) this.#session.line(line)
    else this.#login.line(line)
  }

  happened(event: WorldEvent): void {
    this.#session?.happened(event)
  }

  /** The connection is over: the player is played no more. */
  gone(): void {
    const session = this.#session
    if (!session) return
    this.#session = undefined
    const { world, playing } = this.#house
    const { player } = session
    if (playing.get(player.id) === this) playing.delete(player.id)
    if (this.#isGuest) world.removePlayer(player.id)
    else if (world.player(player.id) && !playing.has(player.id)) world.sleep(player)
  }

  #admit(player: Player, isGuest: boolean): void {
    const { world, playing } = this.#house
    const elsewhere = playing.get(player.id)
    playing.set(player.id, this)
    if (elsewhere) elsewhere.#quit('Somebody else plays you now.')
    if (!isGuest && !elsewhere) world.wake(player)
    this.#isGuest = isGuest
    this.#session = new Session(world, player, this.#terminal, words => this.#quit(words))
  }

  #quit(words: string): void {
    this.#terminal.bye(words)
    this.gone()
    this.#hangUp()
  }
}
