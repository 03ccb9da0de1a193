/**
 * A REST server: the driver of a listener's fd.
 * @module
 */
import {
  type Addr,
  type CloseOptions,
  type Driver,
  type PluginSocket,
  SocketError,
  type Target,
  TLS_CERTIFICATE,
} from '@unisock/kernel/plugin'
import { HttpListener } from '@unisock/plugin-http/core/worker'
import { Router } from './router.ts'

export class RestListener implements Driver {
  readonly #socket: PluginSocket
  readonly #router: Router
  readonly #closed = Promise.withResolvers<void>()
  /** Made at bind: whether it speaks TLS follows from the options. */
  #http: HttpListener | undefined

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#router = new Router(socket)
  }

  /** @throws {SocketError} as HttpListener's does. */
  async bind(at: Target): Promise<Addr> {
    if (this.#http) throw new SocketError('EISBOUND')
    const secure = this.#socket.option(TLS_CERTIFICATE) !== undefined
    this.#http = new HttpListener(this.#socket, { secure, onRequest: this.#router.handle })
    try {
      return await this.#http.bind(at)
    } catch (error) {
      this.#http = undefined
      throw error
    }
  }

  /** Serves once everything that was set before is in force. */
  async listen(): Promise<void> {
    if (!this.#http) throw new SocketError('ENOADDR')
    await this.#router.settled()
    this.#router.warnOfShutRoutes()
    this.#http.listen()
  }

  setOption(option: number, value: unknown): void | Promise<void> {
    return Router.isOption(option) ? this.#router.set(option, value) : this.#http?.setOption(option)
  }

  drain(): void | Promise<void> {
    return this.#http?.drain()
  }

  /** Gives the address back; {@link closed} tells when what was in flight has ended. */
  close(options: CloseOptions): void {
    const http = this.#http
    http?.close(options)
    this.#closed.resolve(http?.closed)
  }

  /** Resolves when the listener was closed and its last connection has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  inspect(): unknown {
    return { ...(this.#http?.inspect() as object | undefined), ...(this.#router.inspect() as object) }
  }
}
