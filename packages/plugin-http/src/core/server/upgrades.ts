/**
 * Requests to speak another protocol on the connection (RFC 9110 section 7.8), for plugins of the same worker: what an
 * HTTP server offers them under the name `upgrade`.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Addr, SocketError } from '@unisock/kernel/plugin'

/**
 * Takes a connection over, with the request that asked for it, what was read behind that, and the client where a proxy
 * that is believed has named one.
 */
export type ServeUpgrade = (
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  client: Addr | undefined,
) => void

export class Upgrades {
  readonly #takers = new Map<string | undefined, ServeUpgrade>()
  readonly #address = Promise.withResolvers<Addr>()
  readonly #onChange: () => void
  #secure = false

  /** `onChange` is called when the first path is taken and when the last one is given up. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
    this.#address.promise.catch(() => {})
  }

  /** Where the server is bound: resolves when it is, and rejects when it ends before. */
  get address(): Promise<Addr> {
    return this.#address.promise
  }

  get wanted(): boolean {
    return this.#takers.size > 0
  }

  /** Over TLS; known once there is an address. */
  get secure(): boolean {
    return this.#secure
  }

  bound(address: Addr, secure: boolean): void {
    this.#secure = secure
    this.#address.resolve(address)
  }

  closed(): void {
    this.#address.reject(new SocketError('EBADF', 'the server whose port was to be shared has ended'))
  }

  /**
   * Takes the WebSocket upgrades to a path, or those to all paths that nobody has taken; returns the undo.
   *
   * @throws {SocketError} `EADDRINUSE` for what another has taken, `EBADADDR` for what is no path.
   */
  take(path: string | undefined, serve: ServeUpgrade): () => void {
    if (path !== undefined && !/^\/[^?#]*$/.test(path))
      throw new SocketError(
        'EBADADDR',
        `no request asks for the path ${path}: it begins with / and has no query`,
      )
    if (this.#takers.has(path))
      throw new SocketError('EADDRINUSE', `upgrades to ${path ?? 'all other paths'} are taken already`)
    this.#takers.set(path, serve)
    if (this.#takers.size === 1) this.#onChange()
    return () => {
      if (this.#takers.get(path) !== serve) return
      this.#takers.delete(path)
      if (this.#takers.size === 0) this.#onChange()
    }
  }

  /** Who takes this request; undefined: nobody, and it is answered as if it asked for no upgrade. */
  find({ url = '', headers }: IncomingMessage): ServeUpgrade | undefined {
    if (this.#takers.size === 0 || headers.upgrade?.trim().toLowerCase() !== 'websocket') return undefined
    const query = url.indexOf('?')
    return this.#takers.get(query < 0 ? url : url.slice(0, query)) ?? this.#takers.get(undefined)
  }
}
