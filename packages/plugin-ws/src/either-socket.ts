/**
 * An fd of a mode that listens or connects, over TLS where its options say so: which of it, the program's first call
 * decides.
 * @module
 */
import {
  type Addr,
  type CloseOptions,
  type Driver,
  type Option,
  type PluginSocket,
  SO_TLS_SNI_HOSTNAME,
  SO_TLS_VERIFY_PEER,
  SocketError,
  type Target,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CLIENT_CERT,
  TLS_SNI,
} from '@unisock/kernel/plugin'
import type { TimerWheel } from '@unisock/sockets/engine'
import { WsClient } from './client/ws-client.ts'
import type { Profile } from './profile.ts'
import { WsListener } from './server/ws-listener.ts'

export class EitherSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #wheel: TimerWheel
  readonly #profile: Profile
  #listener: WsListener | undefined
  #client: WsClient | undefined

  constructor(socket: PluginSocket, wheel: TimerWheel, profile: Profile) {
    this.#socket = socket
    this.#wheel = wheel
    this.#profile = profile
  }

  /** @throws {SocketError} as the listener's. */
  bind(at: Target): Promise<Addr> {
    this.#listener ??= new WsListener(
      this.#socket,
      () => hasIdentity(this.#socket),
      this.#wheel,
      this.#profile,
    )
    return this.#listener.bind(at)
  }

  /** @throws {SocketError} `ENOADDR`; as the listener's. */
  listen(): void {
    if (!this.#listener) throw new SocketError('ENOADDR')
    this.#listener.listen()
  }

  /** @throws {SocketError} `EISBOUND` for what was bound: a client has no address of its own; as the client's. */
  connect(to: Target): Promise<Addr> {
    if (this.#listener) throw new SocketError('EISBOUND', 'what is bound listens; a client is not bound')
    const secure = isSecure(this.#socket, to)
    this.#client = new WsClient(this.#socket, secure, this.#wheel, this.#profile)
    return this.#client.connect(to)
  }

  /** On a listener, the program's word on a client that asked for admission. */
  write(data: any): boolean {
    const driver = this.#driver
    if (!driver) throw new SocketError('ENOTCONN', 'connect first')
    return driver.write(data)
  }

  resume(): void {
    this.#client?.resume()
  }

  end(): void {
    this.#client?.end()
  }

  setOption(option: number, value: unknown): void | Promise<void> {
    return this.#listener ? this.#listener.setOption(option) : this.#client?.setOption(option, value)
  }

  /** @throws {SocketError} `ENOTCONN` */
  query(option: number): unknown {
    if (!this.#client) throw new SocketError('ENOTCONN', 'there is no connection to ask')
    return this.#client.query(option)
  }

  drain(): void {
    this.#driver?.drain()
  }

  inspect(): unknown {
    return this.#driver?.inspect()
  }

  async close(options: CloseOptions): Promise<void> {
    this.#listener?.close()
    await this.#client?.close(options)
  }

  get #driver(): WsListener | WsClient | undefined {
    return this.#listener ?? this.#client
  }
}

/** A server that can say who it is speaks TLS. */
function hasIdentity(socket: PluginSocket): boolean {
  return socket.option(TLS_CERTIFICATE) !== undefined || socket.option(TLS_SNI) !== undefined
}

/** What only a client over TLS is asked. */
const CLIENT_OPTIONS = [TLS_CA, TLS_CLIENT_CERT, SO_TLS_SNI_HOSTNAME, SO_TLS_VERIFY_PEER] as const
const SECURE = /^wss:\/\//i
const PLAIN = /^ws:\/\//i

/**
 * A URL says whether it is over TLS; of anything else the options that only matter to TLS do.
 *
 * @throws {SocketError} `EINVAL` for a plain URL with those options: what they protect would go unprotected.
 */
function isSecure(socket: PluginSocket, { path = '' }: Target): boolean {
  if (SECURE.test(path)) return true
  const asked = CLIENT_OPTIONS.some(option => socket.option(option as Option<unknown>) !== undefined)
  if (asked && PLAIN.test(path))
    throw new SocketError('EINVAL', 'TLS options are set, but ws:// is without TLS: name wss://', {
      op: 'connect',
    })
  return asked
}
