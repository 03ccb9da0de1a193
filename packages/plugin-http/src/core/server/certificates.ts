/**
 * The certificates of one listener, which may change while it listens, and its handshakes.
 * @module
 */
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { OnceATurn, type PluginSocket } from '@unisock/kernel/plugin'
import { beginHandshake, createHandshakes, type ServerTls, useServerTls } from '@unisock/sockets/engine'
import { readTls } from './tls.ts'

export class Certificates {
  readonly #socket: PluginSocket
  readonly #server: Server
  #tls: ServerTls
  #change: OnceATurn | undefined

  /**
   * @param onSecure A handshake is done; the socket is paused.
   * @throws {SocketError} `EINVAL` naming the option that is missing or wrong.
   */
  constructor(socket: PluginSocket, onSecure: (socket: TLSSocket) => void) {
    this.#socket = socket
    this.#tls = readTls(socket)
    // Each handshake takes the certificates of its time.
    this.#server = createHandshakes(() => this.#tls, {
      onSecure,
      onFailure: ({ code, message }) => socket.log('debug', 'a TLS handshake failed', { code, message }),
    })
  }

  /** Does the handshake with a client. */
  handshake(socket: Socket): void {
    beginHandshake(this.#server, socket)
  }

  /**
   * Takes the options over for the next handshakes. What is set in one turn takes effect together: a certificate
   * alone would not fit its key.
   */
  change(): Promise<void> {
    this.#change ??= new OnceATurn(() => {
      this.#tls = readTls(this.#socket)
      useServerTls(this.#server, this.#tls)
    })
    return this.#change.ask()
  }
}
