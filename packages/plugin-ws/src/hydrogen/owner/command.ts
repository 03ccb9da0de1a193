/**
 * A command of a client, as the program gets it.
 * @module
 */
import type { OwnerPort } from '@unisock/kernel/plugin'
import { optionalJsonText } from '../../owner/json.ts'
import type { CommandWire } from '../wire.ts'
import type { CommandRun } from './command-run.ts'
import { errorText, tableErrorText } from './program-error.ts'

const SERVER_ERROR = tableErrorText('server_error')

/** Who a client is. */
export interface CommandSender {
  readonly user: string
  readonly permissions: readonly string[]
}

/**
 * A command that was checked: who sent it may. It is answered with what its handler returns or resolves with, with the
 * error that it throws, or by {@link reply} and {@link fail}; the first answer counts.
 */
export class HydrogenCommand<D = any> implements CommandSender {
  readonly message_type = 'command'
  readonly id: string
  readonly channel: string
  readonly action: string
  /** When the client sent it, as ISO 8601; undefined where it does not say. */
  readonly timestamp: string | undefined
  /** Its number in the session, from 1; 0 where the client does not number it. */
  readonly cseq: number
  readonly user: string
  readonly permissions: readonly string[]
  readonly session: string
  /** The connection that it came on. */
  readonly fd: number
  readonly #text: string | null
  #data: D | undefined
  readonly #port: OwnerPort
  readonly #run: CommandRun

  constructor(wire: CommandWire, { user, permissions }: CommandSender, port: OwnerPort, run: CommandRun) {
    const [, , session, cseq, id, timestamp, channel, action, text] = wire
    this.id = id
    this.channel = channel
    this.action = action
    this.timestamp = timestamp ?? undefined
    this.cseq = cseq
    this.user = user
    this.permissions = permissions
    this.session = session
    this.fd = port.fd
    this.#text = text
    this.#port = port
    this.#run = run
  }

  /** Anything at all may be in it: it comes from the client. Undefined where there is none. */
  get data(): D {
    if (this.#data === undefined && this.#text !== null) this.#data = JSON.parse(this.#text) as D
    return this.#data as D
  }

  /**
   * Answers the command; false where it was answered before.
   *
   * @throws {SocketError} `ETYPENOTSUPP` for data that cannot be JSON.
   */
  reply(data?: unknown): boolean {
    return this.#run.answer(true, optionalJsonText(data, 'reply'))
  }

  /**
   * Says that the command failed; false where it was answered before. Of an error that is not made by `hydrogenError` the
   * client learns nothing but `server_error`, and it goes to the `error` handler.
   */
  fail(error: unknown): boolean {
    const text = errorText(error)
    if (text !== undefined) return this.#run.answer(false, text)
    this.#port.report(error instanceof Error ? error : new Error(String(error)))
    return this.#run.answer(false, SERVER_ERROR)
  }

  /** @internal */
  static is(message: unknown): message is HydrogenCommand {
    return typeof message === 'object' && message !== null && #run in message
  }

  /** @internal Its handler threw. False: the error is not for the client, and is to be reported. */
  static threw(command: HydrogenCommand, error: unknown): boolean {
    const text = errorText(error)
    return command.#run.answer(false, text ?? SERVER_ERROR) && text !== undefined
  }
}
