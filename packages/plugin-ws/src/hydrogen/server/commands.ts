/**
 * Messages of clients: parsed, checked, and given to a verb of the server or to the program.
 * @module
 */
import type { AdmittedIdentity } from '../auth/identity.ts'
import { encodeFailure, encodeResponse } from '../envelope/encode.ts'
import { parseEnvelope } from '../envelope/parse.ts'
import type { AckEnvelope, CommandEnvelope } from '../envelope/types.ts'
import { type ErrorFacts, HydrogenError, type HydrogenErrorCode, wireError } from '../errors.ts'
import type { HydrogenConnection } from './connection.ts'
import type { HydrogenContext } from './context.ts'
import { isoDate } from './live-event.ts'
import type { LiveSession } from './live-session.ts'
import { VERBS, type Verb } from './verbs/index.ts'

const SYSTEM = 'system'

type Answered = Pick<CommandEnvelope, 'id' | 'channel' | 'action' | 'cseq'>

export class Commands {
  readonly #context: HydrogenContext

  constructor(context: HydrogenContext) {
    this.#context = context
  }

  /** False: nothing more is to be read for now. A promise: later messages are to wait for it. */
  receive(connection: HydrogenConnection, text: string): boolean | Promise<boolean> {
    const { metrics, settings } = this.#context
    metrics.messages++
    const { envelope, dataText, error } = parseEnvelope(text, settings.limits.envelope)
    if (error !== undefined) {
      this.answerFailure(connection, error.code, {
        id: error.id,
        facts: error.field ? { field: error.field } : {},
      })
      connection.fault()
      return true
    }
    switch (envelope.type) {
      case 'command':
        return this.#command(connection, envelope, dataText)
      case 'ack':
        this.#acknowledge(connection, envelope)
        return true
      default:
        this.answerFailure(connection, 'unexpected_type', { id: envelope.id })
        connection.fault()
        return true
    }
  }

  /** Answers what could not be understood, or is not allowed; where the table says so, the connection ends with it. */
  answerFailure(
    connection: HydrogenConnection,
    code: HydrogenErrorCode,
    { id, facts = {}, command }: { id?: string | undefined; facts?: ErrorFacts; command?: Answered } = {},
  ): void {
    const { metrics, ids, clock } = this.#context
    metrics.error(code)
    const head = { id: ids.next(), timestamp: isoDate(clock.now()), re: id ?? null, ...namesOf(command) }
    connection.send(0, encodeFailure(head, wireError(code, facts)))
    connection.shutFor(code)
  }

  /** A message over the limit is answered as well, as long as there are few of them. */
  answerTooFast(
    connection: HydrogenConnection,
    code: 'rate_limit_messages' | 'rate_limit_bytes',
    text: string,
  ): void {
    const { envelope, error } = parseEnvelope(text, this.#context.settings.limits.envelope)
    const facts = { retryAfter: 1000 }
    if (envelope?.type === 'command') this.#refuse(connection, envelope, code, facts)
    else this.answerFailure(connection, code, { id: envelope?.id ?? error?.id, facts })
    connection.fault('rateLimited')
  }

  #acknowledge(connection: HydrogenConnection, ack: AckEnvelope): void {
    const { metrics } = this.#context
    metrics.acks++
    const { live } = connection
    if (live !== undefined) this.#confirm(connection, live)
    const fault = live === undefined ? 'ack_ahead' : live.acknowledge(ack)
    if (fault !== undefined) {
      this.answerFailure(connection, fault, { id: ack.id })
      connection.fault()
    } else if (live?.recovering !== undefined) this.#context.replay(live)
  }

  #command(
    connection: HydrogenConnection,
    command: CommandEnvelope,
    data: string,
  ): boolean | Promise<boolean> {
    this.#context.metrics.commands++
    const verb = command.channel === SYSTEM ? VERBS.get(command.action) : undefined
    const { identity } = connection
    if (identity === undefined && !verb?.authenticates) return this.#identifyFirst(connection, command, data)
    if (verb?.authenticates) return this.#runVerb(connection, verb, command)
    const checked = this.#context.authority.command(command, data, identity!, this.#context.clock.now())
    if (checked === undefined) return this.#permitted(connection, verb, command, data)
    if (typeof checked === 'string') return this.#refuse(connection, command, checked)
    return checked.then(
      code =>
        code === undefined
          ? this.#permitted(connection, verb, command, data)
          : this.#refuse(connection, command, code),
      error => this.#failed(connection, command, error),
    )
  }

  /** The first command of a client that has shown nothing before has to show who it is. */
  async #identifyFirst(
    connection: HydrogenConnection,
    command: CommandEnvelope,
    data: string,
  ): Promise<boolean> {
    const token = command.auth?.token
    if (token === undefined) return this.#refuse(connection, command, 'token_missing')
    const verified = await this.#context.authority.verify(token)
    if (typeof verified === 'string') return this.#refuse(connection, command, verified)
    identify(connection, verified)
    return this.#command(connection, command, data)
  }

  #permitted(
    connection: HydrogenConnection,
    verb: Verb | undefined,
    command: CommandEnvelope,
    data: string,
  ): boolean | Promise<boolean> {
    if (connection.ended) return true
    const live = connection.live ?? this.#begin(connection)
    this.#confirm(connection, live)
    if (verb !== undefined) return this.#runVerb(connection, verb, command)
    return this.#give(connection, live, command, data)
  }

  /** A session for a client that has not asked for one: it cannot be resumed. */
  #begin(connection: HydrogenConnection): LiveSession {
    const live = this.#context.sessions.create(connection.identity!)
    this.#context.attach(connection, live)
    return live
  }

  #confirm(connection: HydrogenConnection, live: LiveSession): void {
    if (connection.confirmed) return
    connection.confirmed = true
    live.session.confirm(connection.generation)
    this.#context.sessions.changed(live)
  }

  #runVerb(connection: HydrogenConnection, verb: Verb, command: CommandEnvelope): boolean | Promise<boolean> {
    const respond = (data: unknown): void => {
      const { ids, clock } = this.#context
      const { id, channel, action } = command
      const head = { id: ids.next(), timestamp: isoDate(clock.now()), re: id, channel, action }
      connection.send(0, encodeResponse(head, data))
    }
    try {
      const running = verb.run(this.#context, connection, command, respond)
      if (running === undefined) return true
      return running.then(
        () => true,
        error => this.#failed(connection, command, error),
      )
    } catch (error) {
      return this.#failed(connection, command, error)
    }
  }

  /** Has the program run it, once. */
  #give(connection: HydrogenConnection, live: LiveSession, command: CommandEnvelope, data: string): boolean {
    const { runs, settings } = this.#context
    const { channel, cseq = 0 } = command
    const { handlers } = settings.functions
    const handler = handlers.get(channel) ?? handlers.get('*')
    if (handler === undefined && handlers.size > 0)
      return this.#refuse(connection, command, channel === SYSTEM ? 'unknown_action' : 'unknown_channel')
    if (cseq === 0 && connection.unnumbered >= settings.limits.commands)
      return this.#refuse(connection, command, 'busy')
    if (cseq > 0) {
      const seen = live.session.commands.receive(cseq)
      if (seen.verdict === 'repeat') {
        connection.send(0, seen.response)
        return true
      }
      if (seen.verdict !== 'run') {
        this.#refuse(connection, command, seen.verdict)
        if (seen.verdict !== 'in_progress' || !runs.takeBack(live, cseq)) return true
      }
    }
    return runs.start(connection, live, command, data, handler)
  }

  /** A numbered command that is refused has had its turn: the next one follows on it. */
  #refuse(
    connection: HydrogenConnection,
    command: CommandEnvelope,
    code: HydrogenErrorCode,
    facts: ErrorFacts = {},
  ): boolean {
    const { metrics, ids, clock, sessions } = this.#context
    const { live } = connection
    const { id, cseq = 0 } = command
    metrics.error(code)
    const head = { id: ids.next(), timestamp: isoDate(clock.now()), re: id, ...namesOf(command) }
    const response = encodeFailure(head, wireError(code, facts))
    if (live !== undefined && cseq > 0 && live.session.commands.refuse(cseq, response)) sessions.changed(live)
    connection.send(0, response)
    connection.shutFor(code)
    return true
  }

  #failed(connection: HydrogenConnection, command: CommandEnvelope, error: unknown): boolean {
    const { code, facts } = hydrogenErrorOf(error)
    if (code === 'server_error')
      this.#context.log('error', 'a command failed in the server', {
        action: command.action,
        error: String((error as Error)?.stack ?? error),
      })
    this.answerFailure(connection, code, { id: command.id, facts, command })
    return true
  }
}

/** The client has shown who it is. */
export function identify(connection: HydrogenConnection, identity: AdmittedIdentity): void {
  connection.identity = identity
  if (connection.machine.state === 'verifying') connection.machine.to('established')
}

function namesOf(command: Answered | undefined): Partial<Answered> {
  if (command === undefined) return {}
  const { channel, action, cseq } = command
  return { channel, action, ...(cseq !== undefined && { cseq }) }
}

function hydrogenErrorOf(error: unknown): { code: HydrogenErrorCode; facts: ErrorFacts } {
  if (error instanceof HydrogenError)
    return { code: error.code, facts: { message: error.message, ...error.facts } }
  const { code } = error as { code?: string }
  if (code === 'ENOSPC' || code === 'ENOBUFS' || code === 'EPLUGIN')
    return { code: 'busy', facts: { retryAfter: 1000 } }
  return { code: 'server_error', facts: {} }
}
