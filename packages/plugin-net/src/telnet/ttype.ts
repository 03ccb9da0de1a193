/**
 * Terminal type (RFC 1091), and MTTS, by which MUD clients tell in three answers their name, their terminal and what it
 * can do.
 * @module
 */

const IS = 0
const SEND = 1

/** The bits of MTTS's number. */
export const MTTS = {
  ANSI: 1,
  VT100: 2,
  UTF8: 4,
  COLORS_256: 8,
  MOUSE_TRACKING: 16,
  OSC_COLOR_PALETTE: 32,
  SCREEN_READER: 64,
  PROXY: 128,
  TRUECOLOR: 256,
  MNES: 512,
  MSLP: 1024,
  SSL: 2048,
} as const

/** Enough for MTTS, and for a client that lists its terminals. */
const MAX_NAMES = 16
const MAX_NAME_LENGTH = 128
const MTTS_PREFIX = 'MTTS '

export const TTYPE_SEND = Buffer.of(SEND)

export interface TerminalType {
  /** In the peer's order, the first being its name or the best terminal; MTTS's number is not among them. */
  readonly names: readonly string[]
  /** The sum of {@link MTTS} bits, 0 where the peer does not tell. */
  readonly mtts: number
}

/** The asking side: asks until an answer repeats. */
export class TerminalTypeQuery {
  #names: string[] = []

  /** `more`: send another SEND. A result: the peer has told all. Undefined: no answer to a question. */
  receive(payload: Buffer): 'more' | TerminalType | undefined {
    if (payload[0] !== IS) return undefined
    const name = payload.toString('latin1', 1, 1 + MAX_NAME_LENGTH)
    const mtts = parseMtts(name)
    if (mtts === undefined && !this.#names.includes(name)) {
      this.#names.push(name)
      if (this.#names.length < MAX_NAMES) return 'more'
    }
    const names = this.#names
    this.#names = []
    return { names, mtts: mtts ?? 0 }
  }
}

/** The answering side. */
export class TerminalTypeAnswer {
  readonly #answers: readonly string[]
  #next = 0

  constructor(names: readonly string[], mtts: number) {
    const answers = mtts > 0 ? [...names, `${MTTS_PREFIX}${mtts}`] : names
    this.#answers = answers.length > 0 ? answers : ['UNKNOWN']
  }

  /** The answer to a SEND: each name in turn, the last one twice, then the first again. Undefined for anything else. */
  receive(payload: Buffer): Buffer | undefined {
    if (payload[0] !== SEND) return undefined
    const count = this.#answers.length
    const name = this.#answers[Math.min(this.#next, count - 1)]!
    this.#next = (this.#next + 1) % (count + 1)
    return Buffer.concat([Buffer.of(IS), Buffer.from(name, 'latin1')])
  }
}

function parseMtts(name: string): number | undefined {
  if (!name.startsWith(MTTS_PREFIX)) return undefined
  const bits = Number.parseInt(name.slice(MTTS_PREFIX.length), 10)
  return bits >= 0 ? bits : undefined
}
