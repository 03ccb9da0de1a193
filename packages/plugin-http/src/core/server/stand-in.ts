/**
 * What stands for a socket where several requests share one connection: node:http, and what is built for it, find the
 * client's address there, a deadline, and whether the client is still there.
 * @module
 */
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { Addr } from '@unisock/kernel/plugin'

export abstract class StandIn extends Writable {
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly remoteFamily: string | undefined
  /** Not nothing: it is made for a request that has arrived. */
  readonly bytesRead = 1
  /** What the connection is carried by. */
  readonly transport: Socket
  #timeout: NodeJS.Timeout | undefined

  constructor(transport: Socket, peer: Addr) {
    super()
    this.transport = transport
    if (peer.family === 'local') return
    this.remoteAddress = peer.address
    this.remotePort = peer.port
    this.remoteFamily = peer.family
  }

  /** As node:tls has it. */
  get encrypted(): boolean {
    return (this.transport as { encrypted?: boolean }).encrypted === true
  }

  /** As what node:http takes. */
  asSocket(): Socket {
    return this as unknown as Socket
  }

  /** A socket of node:net's: what arrives is not read from here. */
  pause(): this {
    return this
  }

  resume(): this {
    return this
  }

  /** Emits `timeout` when nothing of what was written has been taken for so long. 0: never. */
  setTimeout(delay: number): this {
    clearTimeout(this.#timeout)
    this.#timeout = delay > 0 ? setTimeout(() => this.emit('timeout'), delay) : undefined
    this.#timeout?.unref()
    return this
  }

  /** Something of what was written has been taken. */
  protected progressed(): void {
    this.#timeout?.refresh()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timeout)
    callback(error)
  }
}

/** What carries a socket: itself, or what it stands on. */
export function transportOf(socket: Socket): Socket {
  return (socket as { transport?: Socket }).transport ?? socket
}
