/**
 * A telnet session whose events and bytes are kept, and two of them joined.
 * @module
 */
import { type Role, type TelnetEvent, TelnetSession, type TelnetSettings } from '../../src/telnet/index.ts'

export const IAC = 255
export const DONT = 254
export const DO = 253
export const WONT = 252
export const WILL = 251
export const SB = 250
export const GA = 249
export const EL = 248
export const EC = 247
export const AYT = 246
export const NOP = 241
export const SE = 240
export const EOR = 239

/** Bytes from numbers and texts. */
export function bytes(...parts: (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map(part => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as string))),
  )
}

export class Probe {
  readonly session: TelnetSession
  readonly events: TelnetEvent[] = []
  readonly errors: Error[] = []
  #sent: Uint8Array[] = []
  onSent: ((chunk: Uint8Array) => void) | undefined
  onEvent: (() => void) | undefined
  onDrain: (() => void) | undefined

  constructor(role: Role, settings: TelnetSettings = {}) {
    this.session = new TelnetSession(role, settings, {
      output: chunk => {
        this.#sent.push(chunk)
        this.onSent?.(chunk)
      },
      event: event => {
        this.events.push(event)
        this.onEvent?.()
      },
      error: error => this.errors.push(error),
      writeDrain: () => this.onDrain?.(),
    })
  }

  receive(...parts: (number | string | Uint8Array)[]): this {
    this.session.receive(bytes(...parts))
    return this
  }

  /** What was sent since the last call. */
  sent(): Buffer {
    const all = Buffer.concat(this.#sent)
    this.#sent = []
    return all
  }

  /** The events of one kind. */
  of<T extends TelnetEvent['type']>(type: T): Extract<TelnetEvent, { type: T }>[] {
    return this.events.filter(event => event.type === type) as Extract<TelnetEvent, { type: T }>[]
  }

  texts(): string[] {
    return this.of('text').map(event => event.text)
  }

  /** Waits until what was told so far satisfies a condition. */
  until(condition: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const check = () => {
        if (condition()) resolve()
      }
      this.onEvent = check
      check()
    })
  }
}

/** A server and a client; what one sends the other receives, in the same turn and in order. */
export function joined(server: TelnetSettings = {}, client: TelnetSettings = {}) {
  const ends = { server: new Probe('server', server), client: new Probe('client', client) }
  const queue: (() => void)[] = []
  let isRunning = false
  const carry = (to: Probe) => (chunk: Uint8Array) => {
    queue.push(() => to.session.receive(chunk))
    if (isRunning) return
    isRunning = true
    for (let step = queue.shift(); step; step = queue.shift()) step()
    isRunning = false
  }
  ends.server.onSent = carry(ends.client)
  ends.client.onSent = carry(ends.server)
  return ends
}
