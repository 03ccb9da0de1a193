/**
 * A WebSocket whose messages of one turn leave together, after all that is to be done in it: a write is mostly the
 * system's. An event that stays the only one of its turn is kept aside until then, so that giving it to many
 * connections looks at none of their sockets.
 * @module
 */
import type { CloseOptions } from '@unisock/kernel/plugin'
import { WsConnection } from '../../connection/ws-connection.ts'
import type { WrittenWire } from '../../wire.ts'
import type { LiveEvent } from './live-event.ts'

export abstract class TurnConnection extends WsConnection {
  #corked = false
  /** The one event of this turn. */
  #held: LiveEvent | undefined
  /** Nothing waits and there is room, as far as was seen when something was written last. */
  #isFree = false

  /** Nothing more is written to it. */
  abstract readonly ended: boolean

  /** Nothing waits, and the socket has little enough to write. */
  protected abstract readonly isFree: boolean

  /** Has {@link flush} called at the end of this turn. */
  protected abstract flushLater(): void

  override write(message: WrittenWire): boolean {
    this.release()
    return super.write(message)
  }

  override end(): void {
    this.release()
    super.end()
  }

  override close(options: CloseOptions): Promise<void> {
    this.release()
    return super.close(options)
  }

  /** What was written in this turn leaves. */
  flush(): void {
    if (this.#held !== undefined) this.release()
    else if (this.#corked) {
      this.#corked = false
      this.uncork()
    }
    this.#isFree = this.isFree
  }

  /** Keeps an event aside until the turn is over, if it is the first of it and nothing is before it. */
  protected hold(event: LiveEvent): boolean {
    if (!this.#isFree || this.#held !== undefined || this.#corked) return false
    this.#held = event
    this.flushLater()
    return true
  }

  /** Something waits from now on. */
  crowded(): void {
    this.#isFree = false
  }

  /** Writes what is kept aside. */
  protected release(): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    this.#isFree = false
    if (!this.ended && this.isOpen) this.sendText(held.plain, held.frame)
  }

  /** Writes; it leaves at the end of the turn. */
  protected writeText(text: string, frame?: Buffer): void {
    if (!this.#corked) {
      this.#corked = true
      this.cork()
      if (this.#held === undefined) this.flushLater()
      else this.release()
    }
    this.sendText(text, frame)
  }
}
