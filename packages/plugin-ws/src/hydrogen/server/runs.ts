/**
 * Commands that the program runs.
 * @module
 */
import { encodeResponseText } from '../envelope/encode.ts'
import type { CommandEnvelope } from '../envelope/types.ts'
import { wireError } from '../errors.ts'
import type { CommandWire, IdentityWire, ReplyWire } from '../wire.ts'
import type { HydrogenConnection } from './connection.ts'
import type { HydrogenContext } from './context.ts'
import { isoDate } from './live-event.ts'
import type { LiveSession } from './live-session.ts'

interface Run {
  readonly live: LiveSession
  /** Which of the session's connections sent it; it is answered on whichever there is then, if it has a number. */
  readonly connection: HydrogenConnection
  readonly cseq: number
  readonly id: string
  readonly channel: string
  readonly action: string
  readonly since: number
}

const keyOf = ({ session }: LiveSession, cseq: number): string => `${session.id} ${cseq}`

export class Runs {
  readonly #context: HydrogenContext
  /** In the order in which they began. */
  readonly #running = new Map<number, Run>()
  /** Of the numbered ones. */
  readonly #numbers = new Map<string, number>()
  #last = 0

  constructor(context: HydrogenContext) {
    this.#context = context
  }

  get size(): number {
    return this.#running.size
  }

  /** Gives a command to the program; false: nothing more is to be read of the client for now. */
  start(
    connection: HydrogenConnection,
    live: LiveSession,
    command: CommandEnvelope,
    data: string,
    handler: number | undefined,
  ): boolean {
    const { id, channel, action, cseq = 0, timestamp = null } = command
    if (!connection.introduced) introduce(connection, live)
    const number = ++this.#last
    this.#running.set(number, {
      live,
      connection,
      cseq,
      id,
      channel,
      action,
      since: this.#context.clock.now(),
    })
    if (cseq === 0) connection.unnumbered++
    else this.#numbers.set(keyOf(live, cseq), number)
    const session = live.session.id
    const wire: CommandWire = ['command', number, session, cseq, id, timestamp, channel, action, data || null]
    return connection.fd.emit(wire, { handler })
  }

  /**
   * True: the connection of a running command has ended, and the answer may have been lost with it. The program's half is
   * to be given the command once more: it says the answer again, and runs nothing twice.
   */
  takeBack(live: LiveSession, cseq: number): boolean {
    const number = this.#numbers.get(keyOf(live, cseq))
    const run = number === undefined ? undefined : this.#running.get(number)
    if (run === undefined || !run.connection.ended) return false
    this.#delete(number!, run)
    return true
  }

  /** What the program says of a command. Of one that an earlier worker had it run, the number may be another one's here. */
  reply([, number, session, cseq, ok, text]: ReplyWire): void {
    const run = this.#running.get(number)
    if (run === undefined || run.cseq !== cseq || run.live.session.id !== session) return
    const { metrics, clock } = this.#context
    metrics.commandLatency.record(clock.now() - run.since)
    if (!ok) metrics.error('program')
    this.#answer(number, run, ok, text ?? undefined)
  }

  /** Ends commands that the program does not answer. */
  sweep(): void {
    const { clock, settings, metrics } = this.#context
    const since = clock.now() - settings.limits.commandTimeout
    for (const [number, run] of this.#running) {
      if (run.since > since) return
      metrics.error('timed_out')
      this.#answer(number, run, false, JSON.stringify(wireError('timed_out')))
    }
  }

  /** A connection has ended: what it sent without a number is not answered any more. */
  forget(connection: HydrogenConnection): void {
    if (connection.unnumbered === 0) return
    for (const [number, run] of this.#running)
      if (run.connection === connection && run.cseq === 0) this.#running.delete(number)
    connection.unnumbered = 0
  }

  #delete(number: number, { live, cseq }: Run): void {
    this.#running.delete(number)
    if (cseq > 0) this.#numbers.delete(keyOf(live, cseq))
  }

  #answer(number: number, run: Run, ok: boolean, text: string | undefined): void {
    const { ids, clock, sessions } = this.#context
    const { live, connection, cseq, id, channel, action } = run
    this.#delete(number, run)
    const head = { id: ids.next(), timestamp: isoDate(clock.now()), re: id, channel, action }
    if (cseq === 0) {
      connection.unnumbered--
      connection.send(0, encodeResponseText(head, ok, text))
      return
    }
    const response = encodeResponseText({ ...head, cseq }, ok, text)
    live.session.commands.complete(cseq, response)
    sessions.answered(live, cseq)
    live.connection?.send(0, response)
  }
}

/** Says who a connection's client is to the program, ahead of its first command. */
function introduce(connection: HydrogenConnection, { session }: LiveSession): void {
  connection.introduced = true
  const { id, user, permissions } = session
  connection.fd.emit(['identity', id, user, [...permissions]] satisfies IdentityWire)
}
