/**
 * The dialog at the door: a name, and a password where the name has an account.
 * @module
 */
import type { House } from '../house.ts'
import { isName, printable } from '../play/text.ts'
import type { Player } from '../world.ts'
import type { Terminal } from './terminal.ts'

const MAX_TRIES = 3

export interface LoginResult {
  /** Lets the player in. `guest`: made for this visit. */
  admit(player: Player, guest: boolean): void
  refuse(why: string): void
}

export class Login {
  readonly #house: House
  readonly #terminal: Terminal
  readonly #result: LoginResult
  /** Who has to prove it. */
  #claimed: Player | undefined
  #tries = 0

  constructor(house: House, terminal: Terminal, result: LoginResult) {
    this.#house = house
    this.#terminal = terminal
    this.#result = result
    terminal.setPrompt('Your name: ')
    terminal.print(printable(house.config.greeting))
  }

  line(text: string): void {
    if (this.#claimed) this.#password(text, this.#claimed)
    else this.#name(printable(text).trim().normalize('NFC'))
  }

  #name(name: string): void {
    const { world, accounts } = this.#house
    const known = world.playerNamed(name)
    if (known && accounts.has(known.id)) {
      this.#claimed = known
      this.#terminal.echo(false)
      this.#terminal.setPrompt('Password: ')
      this.#terminal.print('')
    } else if (known) this.#terminal.print(`${name} is taken. Choose another name.`)
    else if (!isName(name)) this.#terminal.print('A name has 2 to 20 letters. Choose another one.')
    else this.#guest(name)
  }

  #guest(name: string): void {
    const refusal = this.#house.refusal()
    if (refusal === undefined) this.#result.admit(this.#house.world.addPlayer({ name }), true)
    else this.#result.refuse(refusal)
  }

  #password(password: string, player: Player): void {
    const known = this.#house.accounts.verify(player.id, password)
    if (!known && ++this.#tries < MAX_TRIES) return this.#terminal.print('That is wrong.')
    this.#terminal.echo(true)
    const refusal = known ? this.#house.refusal(player) : 'That is wrong. Come back when you remember.'
    if (refusal === undefined) this.#result.admit(player, false)
    else this.#result.refuse(refusal)
  }
}
