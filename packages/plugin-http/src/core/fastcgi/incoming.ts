/**
 * One FastCGI request as it arrives.
 * @module
 */
import { Timed } from '../server/deadlines.ts'
import type { HttpResponse } from '../server/response.ts'
import type { Channel } from './channel.ts'
import type { CgiHead } from './head.ts'
import type { FastCgiMessage } from './message.ts'

/** Its variables arrive, its body is waited for, its body arrives, or all of it is there. */
export type Stage = 'variables' | 'begun' | 'body' | 'complete'

export class Incoming extends Timed {
  readonly id: number
  stage: Stage = 'variables'
  /** Bytes of what has arrived of the stage's stream. */
  size = 0
  head: CgiHead | undefined
  channel: Channel | undefined
  message: FastCgiMessage | undefined
  response: HttpResponse | undefined
  #variables: Buffer[] = []
  readonly #onExpire: (incoming: Incoming) => void

  constructor(id: number, onExpire: (incoming: Incoming) => void) {
    super()
    this.id = id
    this.#onExpire = onExpire
  }

  addVariables(part: Buffer): void {
    this.#variables.push(part)
    this.size += part.length
  }

  takeVariables(): Buffer {
    const parts = this.#variables
    this.#variables = []
    this.size = 0
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  /** It has not arrived in time. */
  override expire(): void {
    this.#onExpire(this)
  }
}
