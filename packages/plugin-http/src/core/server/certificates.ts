/**
 * The certificates of one HTTPS listener, which may change while it listens.
 * @module
 */
import { createServer, type Server, type ServerOptions } from 'node:https'
import { OnceATurn, type PluginSocket } from '@unisock/kernel/plugin'
import { type ServerTls, serverTlsOptions, useServerTls } from '@unisock/sockets/engine'
import { readTls } from './tls.ts'

export class Certificates {
  readonly #socket: PluginSocket
  #tls: ServerTls
  #change: OnceATurn | undefined

  /** @throws {SocketError} `EINVAL` naming the option that is missing or wrong. */
  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#tls = readTls(socket)
  }

  /** A server with these certificates; each handshake takes those of its time. */
  createServer(options: ServerOptions<any, any>): Server {
    return createServer({ ...options, ...serverTlsOptions(() => this.#tls) })
  }

  /**
   * Takes the options over for the next handshakes. What is set in one turn takes effect together: a certificate
   * alone would not fit its key.
   */
  change(server: Server): Promise<void> {
    this.#change ??= new OnceATurn(() => {
      this.#tls = readTls(this.#socket)
      useServerTls(server, this.#tls)
    })
    return this.#change.ask()
  }
}
