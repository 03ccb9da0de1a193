/**
 * The certificates of one HTTPS listener, which may change while it listens.
 * @module
 */
import { createServer, type Server, type ServerOptions } from 'node:https'
import type { PluginSocket } from '@unisock/kernel/plugin'
import { readTls, serverTlsOptions, type TlsState } from './tls.ts'

export class Certificates {
  readonly #socket: PluginSocket
  #state: TlsState
  #change: Promise<void> | undefined

  /** @throws {SocketError} `EINVAL` naming the option that is missing or wrong. */
  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#state = readTls(socket)
  }

  /** A server with these certificates; each handshake takes those of its time. */
  createServer(options: ServerOptions<any, any>): Server {
    return createServer({ ...options, ...serverTlsOptions(this.#socket, () => this.#state) })
  }

  /**
   * Takes the options over for the next handshakes. What is set in one turn takes effect together: a certificate
   * alone would not fit its key.
   */
  change(server: Server): Promise<void> {
    this.#change ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#change = undefined
        try {
          this.#apply(server)
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#change
  }

  #apply(server: Server): void {
    const state = readTls(this.#socket)
    server.setSecureContext(state.context)
    Object.assign(server, { requestCert: state.verifyPeer, rejectUnauthorized: state.verifyPeer })
    this.#state = state
  }
}
