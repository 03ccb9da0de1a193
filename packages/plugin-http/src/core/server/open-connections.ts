/**
 * What is open on a listener, and when nothing of it is left.
 * @module
 */
import type { Socket } from 'node:net'
import type { HttpConnection } from './connection.ts'

export class OpenConnections {
  readonly #connections = new Set<HttpConnection>()
  /** Those of them that share a client's connection with others. */
  readonly #shared = new Set<HttpConnection>()
  /** Sockets below connections: before a handshake, or beside several requests at once. */
  readonly #below = new Set<Socket>()
  #whenEmpty: (() => void)[] = []

  /** Clients' connections that speak HTTP/1.1, without those whose handshake is not done. */
  get size(): number {
    return this.#connections.size - this.#shared.size
  }

  /** Those that share one, too. */
  [Symbol.iterator](): Iterator<HttpConnection> {
    return this.#connections.values()
  }

  add(connection: HttpConnection): void {
    this.#connections.add(connection)
  }

  /** One of several on the connection of a client. */
  addShared(connection: HttpConnection): void {
    this.#connections.add(connection)
    this.#shared.add(connection)
  }

  delete(connection: HttpConnection): void {
    this.#connections.delete(connection)
    this.#shared.delete(connection)
    this.#checkEmpty()
  }

  /** A socket that HTTP is not spoken on directly. */
  addBelow(socket: Socket): void {
    this.#below.add(socket)
    socket.once('close', () => {
      this.#below.delete(socket)
      this.#checkEmpty()
    })
  }

  /** Another protocol is spoken on a socket from now on: the one below it is none of the listener's any more. */
  release(socket: Socket): void {
    const below = (socket as { _parent?: Socket })._parent
    if (below) this.#below.delete(below)
    this.#below.delete(socket)
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
    for (const socket of this.#below) socket.destroy()
  }

  #checkEmpty(): void {
    if (this.#connections.size > 0 || this.#below.size > 0) return
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }
}
