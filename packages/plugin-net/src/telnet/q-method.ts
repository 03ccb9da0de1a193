/**
 * Option negotiation that cannot loop: the Q method of RFC 1143, for both sides of every option.
 * @module
 */
import { COMMAND, type Verb } from './commands.ts'
import type { Side } from './options.ts'

export interface NegotiationHandlers {
  send(verb: Verb, option: number): void
  /** Whether the peer's wish to have the option on is granted. */
  accepts(option: number, side: Side): boolean
  /** An option went on or off, or a request to turn it on was refused. */
  changed(option: number, side: Side, enabled: boolean): void
}

// RFC 1143 section 7: state and queue bit in one number.
const NO = 0
const YES = 1
const WANTNO = 2
const WANTNO_OPPOSITE = 3
const WANTYES = 4
const WANTYES_OPPOSITE = 5

const OPTION_COUNT = 256

export class QMethod {
  readonly #handlers: NegotiationHandlers
  /** The states of our side, then those of the peer's. */
  readonly #states = new Uint8Array(2 * OPTION_COUNT)

  constructor(handlers: NegotiationHandlers) {
    this.#handlers = handlers
  }

  isEnabled(option: number, side: Side): boolean {
    return this.#states[slot(option, side)] === YES
  }

  /** Asks the peer, unless it already is as wished; what it says comes by `changed`. */
  request(option: number, side: Side, enable: boolean): void {
    const at = slot(option, side)
    switch (this.#states[at]) {
      case NO:
        if (!enable) return
        this.#states[at] = WANTYES
        return this.#send(side, true, option)
      case YES:
        if (enable) return
        this.#states[at] = WANTNO
        this.#send(side, false, option)
        return this.#handlers.changed(option, side, false)
      case WANTNO:
      case WANTNO_OPPOSITE:
        this.#states[at] = enable ? WANTNO_OPPOSITE : WANTNO
        return
      default:
        this.#states[at] = enable ? WANTYES : WANTYES_OPPOSITE
    }
  }

  receive(verb: Verb, option: number): void {
    const side: Side = verb === COMMAND.WILL || verb === COMMAND.WONT ? 'remote' : 'local'
    if (verb === COMMAND.WILL || verb === COMMAND.DO) this.#positive(option, side)
    else this.#negative(option, side)
  }

  #positive(option: number, side: Side): void {
    const at = slot(option, side)
    switch (this.#states[at]) {
      case NO:
        if (!this.#handlers.accepts(option, side)) return this.#send(side, false, option)
        this.#states[at] = YES
        this.#send(side, true, option)
        return this.#handlers.changed(option, side, true)
      case YES:
        return
      case WANTNO:
        // An error of the peer: a refusal answered by an agreement.
        this.#states[at] = NO
        return
      case WANTYES_OPPOSITE:
        this.#states[at] = WANTNO
        return this.#send(side, false, option)
      default:
        this.#states[at] = YES
        this.#handlers.changed(option, side, true)
    }
  }

  #negative(option: number, side: Side): void {
    const at = slot(option, side)
    switch (this.#states[at]) {
      case NO:
        return
      case YES:
        this.#states[at] = NO
        this.#send(side, false, option)
        return this.#handlers.changed(option, side, false)
      case WANTNO:
        this.#states[at] = NO
        return
      case WANTNO_OPPOSITE:
        this.#states[at] = WANTYES
        return this.#send(side, true, option)
      default:
        this.#states[at] = NO
        this.#handlers.changed(option, side, false)
    }
  }

  #send(side: Side, enable: boolean, option: number): void {
    if (side === 'local') this.#handlers.send(enable ? COMMAND.WILL : COMMAND.WONT, option)
    else this.#handlers.send(enable ? COMMAND.DO : COMMAND.DONT, option)
  }
}

function slot(option: number, side: Side): number {
  return side === 'local' ? option : OPTION_COUNT + option
}
