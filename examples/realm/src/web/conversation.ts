/**
 * One WebSocket of the realm, from its handshake to its end.
 * @module
 */
import { type Fd, isSocketError, type Kernel } from '@unisock/kernel'
import { WS_HANDSHAKE, WS_SUBPROTOCOL, type WsMessage } from '@unisock/plugin-ws'
import type { House } from '../house.ts'
import type { Player } from '../world.ts'
import type { WorldEvent } from '../world-event.ts'
import {
  type Caller,
  type Line,
  type Outgoing,
  POLICY_VIOLATION,
  refuse,
  type Subprotocols,
} from './subprotocol.ts'

export class Conversation implements Line {
  readonly #kernel: Kernel
  readonly #fd: Fd<any>
  readonly #onOver: () => void
  readonly #begun: Promise<void>
  #player: Player | undefined
  #caller: Caller | undefined
  #isOver = false

  constructor(kernel: Kernel, fd: Fd<any>, house: House, subprotocols: Subprotocols, onOver: () => void) {
    this.#kernel = kernel
    this.#fd = fd
    this.#onOver = onOver
    this.#begun = this.#begin(house, subprotocols)
  }

  /** Asks what the handshake agreed on; messages wait for that. */
  async #begin(house: House, subprotocols: Subprotocols): Promise<void> {
    const asked = [
      this.#kernel.query(this.#fd, WS_HANDSHAKE),
      this.#kernel.query(this.#fd, WS_SUBPROTOCOL),
    ] as const
    const [handshake, protocol] = (await Promise.all(asked).catch(unlessLost)) ?? []
    if (this.#isOver || !handshake) return
    const { sub, roles = [] } = handshake.identity as { sub: string; roles?: string[] }
    const player = house.world.player(Number(sub))
    if (!player) return this.close(POLICY_VIOLATION, 'there is no such player any more')
    this.#player = player
    this.#caller = subprotocols[protocol!]!({ house, player, roles, line: this })
  }

  async receive({ data }: WsMessage): Promise<void> {
    await this.#begun
    if (this.#isOver) return
    if (typeof data === 'string' || Buffer.isBuffer(data) || Array.isArray(data))
      refuse(this, 'A message is a JSON object.')
    else await this.#caller?.receive(data)
  }

  happened(event: WorldEvent): void {
    this.#caller?.happened?.(event)
    const isGone = event.type === 'gone' && event.player === this.#player
    if (isGone) this.close(POLICY_VIOLATION, 'the player is gone')
  }

  send(message: Outgoing): void {
    if (!this.#isOver) this.#kernel.write(this.#fd, { data: message })
  }

  close(code: number, reason: string): void {
    if (this.#isOver) return
    void this.#kernel.close(this.#fd, { code, reason })
    this.lost()
  }

  /** The connection is over. */
  lost(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver()
    this.#caller?.gone?.()
  }
}

/** A connection may be lost while it is asked what it is. */
function unlessLost(error: unknown): undefined {
  if (!isSocketError(error)) throw error
}
