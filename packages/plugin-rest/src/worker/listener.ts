/**
 * A REST server: the driver of a listener's fd.
 * @module
 */
import {
  type Addr,
  type CloseOptions,
  type Driver,
  type PluginSocket,
  type Target,
  TLS_CERTIFICATE,
} from '@unisock/kernel/plugin'
import { HttpListener } from '@unisock/plugin-http/core/worker'
import { Router } from './router.ts'

export class RestListener implements Driver {
  readonly #router: Router
  readonly #http: HttpListener

  constructor(socket: PluginSocket) {
    this.#router = new Router(socket)
    this.#http = new HttpListener(socket, {
      secure: () => socket.option(TLS_CERTIFICATE) !== undefined,
      onRequest: this.#router.handle,
    })
  }

  /** @throws {SocketError} as HttpListener's does. */
  bind(at: Target): Promise<Addr> {
    return this.#http.bind(at)
  }

  /** Serves once everything that was set before is in force. */
  async listen(): Promise<void> {
    await this.#router.settled()
    this.#router.warnOfShutRoutes()
    this.#http.listen()
  }

  setOption(option: number, value: unknown): void | Promise<void> {
    return Router.isOption(option) ? this.#router.set(option, value) : this.#http.setOption(option, value)
  }

  query(option: number): unknown {
    return this.#http.query(option)
  }

  drain(): void | Promise<void> {
    return this.#http.drain()
  }

  /** Gives the address back; {@link closed} tells when what was in flight has ended. */
  close(options: CloseOptions): void {
    this.#http.close(options)
  }

  /** Resolves when the listener was closed and its last connection has ended. */
  get closed(): Promise<void> {
    return this.#http.closed
  }

  inspect(): unknown {
    return { ...(this.#http.inspect() as object), ...(this.#router.inspect() as object) }
  }
}
