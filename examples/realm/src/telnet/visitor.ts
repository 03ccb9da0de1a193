/**
 * One connection: at the door first, then in play.
 * @module
 */
import type { MudMessage } from '@unisock/plugin-net'
import type { House, Visit } from '../house.ts'
import { Session } from '../play/session.ts'
import type { Player } from '../world.ts'
import type { WorldEvent } from '../world-event.ts'
import { Login } from './login.ts'
import type { Terminal } from './terminal.ts'
import { TerminalView } from './terminal-view.ts'

export class Visitor implements Visit {
  readonly #house: House
  readonly #terminal: Terminal
  readonly #hangUp: () => void
  readonly #login: Login
  #session: Session | undefined
  isGuest = false

  constructor(house: House, terminal: Terminal, hangUp: () => void) {
    this.#house = house
    this.#terminal = terminal
    this.#hangUp = hangUp
    this.#login = new Login(house, terminal, {
      admit: (player, isGuest) => this.#admit(player, isGuest),
      refuse: why => this.end(why),
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

  /** The connection is over. */
  gone(): void {
    const session = this.#session
    this.#session = undefined
    if (session) this.#house.leave(session.player, this)
  }

  end(words: string): void {
    this.#terminal.bye(words)
    this.gone()
    this.#hangUp()
  }

  #admit(player: Player, isGuest: boolean): void {
    this.isGuest = isGuest
    this.#house.enter(player, this)
    const view = new TerminalView(this.#terminal)
    this.#session = new Session(this.#house.world, player, view, words => this.end(words))
  }
}
