/**
 * Telnet's stream of bytes taken apart: text, commands, negotiation, subnegotiation (RFC 854, 855).
 * @module
 */
import { COMMAND, type Verb } from './commands.ts'

export interface ParserHandlers {
  /**
   * Bytes of text, without the escapes. A line end is one LF, however it was sent (CR LF, CR CR LF, LF); a CR is one that
   * stood alone or before a NUL. The bytes are those of the chunk, not a copy.
   */
  data(bytes: Buffer): void
  command(code: number): void
  negotiation(verb: Verb, option: number): void
  /** The payload is valid during the call only. True stops the parser behind it. */
  subnegotiation(option: number, payload: Buffer): boolean
}

const NUL = 0
const LF = 10
const CR = 13
const LONE_CR = Buffer.of(CR)
const EMPTY = Buffer.alloc(0)

const DATA = 0
const AFTER_CR = 1
const AFTER_IAC = 2
const AFTER_VERB = 3
const AFTER_SB = 4
const PAYLOAD = 5
const PAYLOAD_IAC = 6

/** Works on a stream that is cut anywhere. Memory: one subnegotiation of at most `maxSubnegotiation` bytes. */
export class TelnetParser {
  readonly #handlers: ParserHandlers
  readonly #maxSubnegotiation: number
  #state = DATA
  #verb: Verb = COMMAND.WILL
  #option = 0
  #payload = EMPTY
  #length = 0
  /** A CR came last before an IAC: what follows the command decides what it was. */
  #heldCr = false

  constructor(maxSubnegotiation: number, handlers: ParserHandlers) {
    this.#maxSubnegotiation = maxSubnegotiation
    this.#handlers = handlers
  }

  /** How many bytes it took: fewer than there are where a subnegotiation stopped it. */
  push(chunk: Buffer): number {
    let at = 0
    while (at < chunk.length) {
      switch (this.#state) {
        case DATA:
          at = this.#data(chunk, at)
          break
        case AFTER_CR:
          at = this.#afterCr(chunk, at)
          break
        case AFTER_IAC:
          this.#command(chunk[at++]!)
          break
        case AFTER_VERB:
          this.#state = this.#resume()
          this.#handlers.negotiation(this.#verb, chunk[at++]!)
          break
        case AFTER_SB:
          this.#option = chunk[at++]!
          this.#length = 0
          this.#state = PAYLOAD
          break
        case PAYLOAD:
          at = this.#collect(chunk, at)
          break
        default:
          if (this.#payloadCommand(chunk[at++]!)) return at
      }
    }
    return at
  }

  #data(chunk: Buffer, start: number): number {
    let at = start
    while (at < chunk.length && chunk[at] !== COMMAND.IAC && chunk[at] !== CR) at++
    if (at > start) this.#handlers.data(chunk.subarray(start, at))
    if (at === chunk.length) return at
    this.#state = chunk[at] === CR ? AFTER_CR : AFTER_IAC
    return at + 1
  }

  #afterCr(chunk: Buffer, at: number): number {
    const byte = chunk[at]
    if (byte === CR) return at + 1
    if (byte === COMMAND.IAC) {
      this.#heldCr = true
      this.#state = AFTER_IAC
      return at + 1
    }
    this.#state = DATA
    if (byte === LF) return at
    this.#handlers.data(LONE_CR)
    return byte === NUL ? at + 1 : at
  }

  /** The state of the text that a command interrupted. */
  #resume(): number {
    const held = this.#heldCr
    this.#heldCr = false
    return held ? AFTER_CR : DATA
  }

  #command(code: number): void {
    if (code === COMMAND.SB) {
      this.#state = AFTER_SB
      return
    }
    if (code >= COMMAND.WILL && code <= COMMAND.DONT) {
      this.#verb = code as Verb
      this.#state = AFTER_VERB
      return
    }
    const isText = code === COMMAND.IAC
    if (isText && this.#heldCr) this.#handlers.data(LONE_CR)
    if (isText) this.#heldCr = false
    this.#state = this.#resume()
    if (isText) this.#handlers.data(ESCAPED_IAC)
    else this.#handlers.command(code)
  }

  #collect(chunk: Buffer, start: number): number {
    let end = chunk.indexOf(COMMAND.IAC, start)
    if (end < 0) end = chunk.length
    else this.#state = PAYLOAD_IAC
    this.#append(chunk.subarray(start, end))
    return this.#state === PAYLOAD_IAC ? end + 1 : end
  }

  #append(part: Buffer): void {
    const needed = this.#length + part.length
    if (needed > this.#maxSubnegotiation) {
      this.#length = this.#maxSubnegotiation + 1
      this.#payload = EMPTY
      return
    }
    if (needed > this.#payload.length) {
      const grown = Buffer.allocUnsafe(
        Math.min(Math.max(needed, 2 * this.#payload.length, 64), this.#maxSubnegotiation),
      )
      this.#payload.copy(grown, 0, 0, this.#length)
      this.#payload = grown
    }
    part.copy(this.#payload, this.#length)
    this.#length = needed
  }

  /** True where the handler stops the parser. */
  #payloadCommand(code: number): boolean {
    if (code === COMMAND.IAC) {
      this.#state = PAYLOAD
      this.#append(ESCAPED_IAC)
      return false
    }
    const payload = this.#payload
    const length = this.#length
    this.#payload = EMPTY
    this.#length = 0
    if (code !== COMMAND.SE) {
      // The end was lost. The command counts, or a peer that forgets one SE would never be heard again.
      this.#command(code)
      return false
    }
    this.#state = this.#resume()
    if (length > this.#maxSubnegotiation) return false
    return this.#handlers.subnegotiation(this.#option, payload.subarray(0, length))
  }
}

const ESCAPED_IAC = Buffer.of(COMMAND.IAC)
