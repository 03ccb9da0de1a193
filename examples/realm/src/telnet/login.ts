/**
 * The dialog at the door: a name, and a password where the name has an account.
 * @module
 */
import type { Accounts } from '../accounts.ts'
import { printable } from '../play/text.ts'
import type { Player, World } from '../world.ts'
import type { Terminal } from './terminal.ts'

/** Letters, with marks, apostrophes and hyphens inside. */
const NAME = /^\p{L}[\p{L}\p{M}'-]{1,19}$/u
const MAX_TRIES = 3

export interface LoginResult {
  /** Lets the player in. `guest`: made for this visit. */
  admit(player: Player, guest: boolean): void
  refuse(why: string): void
}

export class Login {
  readonly #world: World
  readonly #accounts: Accounts
  readonly #terminal: Terminal
  readonly #result: LoginResult
  /** Who has to prove it. */
  #claimed: Player | undefined
  #tries = 0

  constructor(world: World, accounts: Accounts, terminal: Terminal, result: LoginResult) {
    this.#world = world
    this.#accounts = accounts
    this.#terminal = terminal
    this.#result = result
    terminal.setPrompt('Your name: ')
    terminal.print('Welcome to the realm. A name is enough to look around.')
  }

  line(text: string): void {
    if (this.#claimed) this.#password(text, this.#claimed)
    else this.#name(printable(text).trim().normalize('NFC'))
  }

  #name(name: string): void {
    const known = this.#world.playerNamed(name)
    if (known && this.#accounts.has(known.id)) {
      this.#claimed = known
      this.#terminal.echo(false)
      this.#terminal.setPrompt('Password: ')
      this.#terminal.print('')
    } else if (known) this.#terminal.print(`${name} is taken. Choose another name.`)
    else if (!NAME.test(name)) this.#terminal.print('A name has 2 to 20 letters. Choose another one.')
    else this.#result.admit(this.#world.addPlayer({ name }), true)
  }

  #password(password: string, player: Player): void {
    const known = this.#accounts.verify(player.id, password)
    if (!known && ++this.#tries < MAX_TRIES) return this.#terminal.print('That is wrong.')
    this.#terminal.echo(true)
    if (known) this.#result.admit(player, false)
    else this.#result.refuse('That is wrong. Come back when you remember.')
  }
}
