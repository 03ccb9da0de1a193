/**
 * What is open on a listener, and when nothing of it is left.
 * @module
 */
import type { Socket } from 'node:net'
import type { HttpConnection } from './connection.ts'

export class OpenConnections {
  readonly #connections = new Set<HttpConnection>()
  /** Sockets below TLS: there are no connections on them before their handshake. */
  readonly #belowTls = new Set<Socket>()
  #whenEmpty: (() => void)[] = []

  /** Connections, without those whose handshake is not done. */
  get size(): number {
    return this.#connections.size
  }

  [Symbol.iterator](): Iterator<HttpConnection> {
    return this.#connections.values()
  }

  add(connection: HttpConnection): void {
    this.#connections.add(connection)
  }

  delete(connection: HttpConnection): void {
    this.#connections.delete(connection)
    this.#checkEmpty()
  }

  /** A socket on which TLS is to be spoken. */
  addBelowTls(socket: Socket): void {
    this.#belowTls.add(socket)
    socket.once('close', () => {
      this.#belowTls.delete(socket)
      this.#checkEmpty()
    })
  }

  /** Another protocol is spoken on a socket from now on: the one below it is none of the listener's any more. */
  release(socket: Socket): void {
    const below = (socket as { _parent?: Socket })._parent
    if (below) this.#belowTls.delete(below)
  }

  /** Resolves when nothing is open. */
  emptied(): Promise<void> {
    return new Promise(resolve => {
      this.#whenEmpty.push(resolve)
      this.#checkEmpty()
    })
  }

  /** Drops everything. */
  destroy(): void {
    for (const connection of this.#connections) connection.socket.destroy()
    for (const socket of this.#belowTls) socket.destroy()
  }

  #checkEmpty(): void {
    if (this.#connections.size > 0 || this.#belowTls.size > 0) return
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }
}
