/**
 * A WebSocket server: the driver of a listener's fd.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import {
  type Addr,
  type Driver,
  isTlsOption,
  libraryFailure,
  OnceATurn,
  type PluginSocket,
  RATE_LIMIT_BAN,
  RATE_LIMIT_CONNECTIONS,
  SO_BACKLOG,
  SO_IPV6ONLY,
  SO_READ_WINDOW,
  SO_REUSEPORT,
  SocketError,
  serverTlsSettings,
  type Target,
  tlsFailure,
} from '@unisock/kernel/plugin'
import { Listener, peerAddress, readServerTls, type TimerWheel } from '@unisock/sockets/engine'
import { TRY_AGAIN_LATER } from '../connection/close-code.ts'
import { HYDROGEN_PROTOCOL } from '../hydrogen/protocol.ts'
import type { HydrogenService } from '../hydrogen/server/hydrogen-service.ts'
import type { ReplyWire, RequestWire } from '../hydrogen/wire.ts'
import { WS_HANDSHAKE_TIMEOUT } from '../options/index.ts'
import type { Profile } from '../profile.ts'
import type { VerdictWire } from '../wire.ts'
import { Handshakes, type Opened } from './handshakes.ts'
import { HttpFront } from './http-front.ts'
import { addressOf, upgradesOf } from './shared-port.ts'
import { Verdicts } from './verdicts.ts'

/** Bytes that Node reads ahead of the fd's credit. */
const READ_AHEAD = 64 * 1024

export class WsListener implements Driver {
  readonly #socket: PluginSocket
  readonly #isSecure: () => boolean
  readonly #wheel: TimerWheel
  readonly #profile: Profile
  readonly #verdicts: Verdicts
  readonly #handshakes: Handshakes
  #hydrogen: HydrogenService | undefined
  #listener: Listener | undefined
  #front: HttpFront | undefined
  #address: Addr | undefined
  /** Gives up what was taken of another server's port. */
  #leave: (() => void) | undefined
  /** Over TLS; settled when it listens. */
  #secure = false
  #listening = false
  /** What is set in one turn takes effect together: a certificate alone would not fit its key. */
  readonly #certificates = new OnceATurn(() => this.#readCertificates('setOption'))

  constructor(socket: PluginSocket, isSecure: () => boolean, wheel: TimerWheel, profile: Profile) {
    this.#socket = socket
    this.#isSecure = isSecure
    this.#wheel = wheel
    this.#profile = profile
    this.#verdicts = new Verdicts(socket)
    this.#handshakes = new Handshakes(socket, profile, this.#verdicts, opened => this.#opened(opened))
  }

  /** @throws {SocketError} `EISBOUND`, `EBADADDR`; `ENOTSUP` where `on` is no HTTP server of this worker; the system's errors. */
  async bind(at: Target): Promise<Addr> {
    if (this.#listener || this.#leave) throw new SocketError('EISBOUND')
    if (at.on === undefined) return this.#bindOwn(at)
    const service = upgradesOf(this.#socket, at.on)
    const leave = service.take(at.path, (request, socket, head, client) =>
      this.#receive(request, socket, head, client),
    )
    this.#leave = leave
    try {
      this.#address = await addressOf(service, at.on)
      if (this.#isSecure() && !service.secure)
        throw new SocketError('EINVAL', `fd ${at.on} does not speak TLS: bind a server without TLS to it`)
      return this.#address
    } catch (error) {
      leave()
      this.#leave = undefined
      throw error
    }
  }

  /** @throws {SocketError} `ENOADDR`; `EINVAL` naming the option that fits no server. */
  async listen(): Promise<void> {
    this.#handshakes.refresh()
    if (!this.#listener && !this.#leave) throw new SocketError('ENOADDR')
    await this.#handshakes.restore()
    await this.#serveHydrogen()
    if (!this.#listener) {
      this.#listening = true
      return
    }
    this.#secure = this.#isSecure()
    if (this.#secure) this.#readCertificates('listen')
    const front = new HttpFront({
      timeout: this.#timeout,
      onUpgrade: (request, socket, head) => this.#receive(request, socket, head),
      onRefusal: ({ status, reason }, { remoteAddress, remotePort }) =>
        this.#socket.log('debug', 'refused a request', { status, reason, remoteAddress, remotePort }),
    })
    this.#front = front
    this.#listening = true
    this.#listener.open(socket => front.serve(socket))
  }

  /** The program's word on a client that asked for admission, or on a command whose connection has gone. */
  write(said: VerdictWire | ReplyWire): boolean {
    if (said[0] === 'reply') this.#hydrogen?.reply(said as ReplyWire)
    else this.#verdicts.answer(said as VerdictWire)
    return true
  }

  /** @throws {SocketError} `ENOTSUP` where there is no Hydrogen server. */
  call(wire: RequestWire): unknown | Promise<unknown> {
    if (this.#hydrogen === undefined)
      throw new SocketError(
        'ENOTSUP',
        `${HYDROGEN_PROTOCOL} is not among WS_PROTOCOL (120), or it does not listen yet`,
      )
    return this.#hydrogen.call(wire)
  }

  setOption(option: number): void | Promise<void> {
    if (!this.#listening) {
      if (isLimit(option)) this.#handshakes.refreshLimits()
      return
    }
    if (this.#secure && isTlsOption(option)) return this.#certificates.ask()
    if (isLimit(option)) this.#handshakes.refreshLimits()
    else if (option === WS_HANDSHAKE_TIMEOUT && this.#front) this.#front.timeout = this.#timeout
    this.#handshakes.refresh()
    if (isHydrogenOption(option)) this.#hydrogen?.refreshOptions()
  }

  drain(): void {
    this.#stop()
  }

  /** Gives the port back; connections stay. */
  close(): void {
    this.#stop()
    this.#hydrogen?.close()
  }

  inspect(): unknown {
    return {
      address: this.#address,
      connections: this.#handshakes.taken,
      ...(this.#hydrogen && { hydrogen: this.#hydrogen.inspect() }),
      pending: this.#front?.pending ?? 0,
    }
  }

  get #timeout(): number {
    return this.#socket.option(WS_HANDSHAKE_TIMEOUT) * 1000
  }

  async #bindOwn(at: Target): Promise<Addr> {
    const socket = this.#socket
    const listener = new Listener({
      backlog: socket.option(SO_BACKLOG),
      reusePort: socket.option(SO_REUSEPORT),
      ipv6Only: socket.option(SO_IPV6ONLY),
      readWindow: Math.min(socket.option(SO_READ_WINDOW), READ_AHEAD),
      onError: cause =>
        socket.error(new SocketError('EACCEPT', `accept failed: ${cause.message}`, { cause })),
      onHandshakeError: ({ code, message }, peer) =>
        socket.log('debug', 'a TLS handshake failed', { code, message, peer: peer.remoteAddress }),
    })
    this.#listener = listener
    try {
      this.#address = await listener.bind(at)
      return this.#address
    } catch (error) {
      this.#listener = undefined
      throw libraryFailure(error, 'bind')
    }
  }

  async #serveHydrogen(): Promise<void> {
    const served = this.#profile.hydrogen ? this.#profile.subprotocols(this.#socket) : undefined
    if (!served?.some(({ name }) => name === HYDROGEN_PROTOCOL)) return
    // Most WebSocket servers never load it.
    const { HydrogenService } = await import('../hydrogen/server/hydrogen-service.ts')
    const hydrogen = new HydrogenService(this.#socket, this.#verdicts)
    await hydrogen.open()
    this.#hydrogen = this.#handshakes.hydrogen = hydrogen
  }

  #receive(request: IncomingMessage, socket: Socket, head: Buffer, client?: Addr): void {
    const addr = client ?? peerAddress(socket, this.#address?.address)
    if (this.#listening) void this.#handshakes.receive(request, socket, head, addr)
    else this.#handshakes.refuse(socket, { status: 503, reason: 'The server does not listen yet.' }, addr)
  }

  #opened({ ws, socket, addr, agreement, place }: Opened): void {
    const maker = (agreement.protocol === HYDROGEN_PROTOCOL ? this.#hydrogen : undefined) ?? this.#profile
    const accepted = this.#socket.accept(addr, fd => {
      place.fd = fd
      return maker.connection(fd, ws, socket, { ...agreement, wheel: this.#wheel, host: place })
    })
    if (accepted) return
    ws.on('error', () => {}).on('close', () => place.leave())
    ws.close(TRY_AGAIN_LATER)
  }

  #stop(): void {
    this.#handshakes.close()
    this.#verdicts.close()
    this.#leave?.()
    this.#listener?.close()
    this.#front?.close()
  }

  /** @throws {SocketError} `EINVAL` naming the TLS option that is missing or wrong. */
  #readCertificates(op: 'listen' | 'setOption'): void {
    const { alpn = ['http/1.1'], ...settings } = serverTlsSettings(this.#socket)
    if (alpn.includes('h2'))
      throw new SocketError('EINVAL', 'TLS_ALPN (329): a WebSocket is opened over HTTP/1.1, not h2', { op })
    try {
      this.#listener!.secure(readServerTls({ ...settings, alpn }))
    } catch (error) {
      throw tlsFailure(error, 'server', op)
    }
  }
}

function isHydrogenOption(option: number): boolean {
  return option >= 440 && option < 470
}

function isLimit(option: number): boolean {
  return option === RATE_LIMIT_CONNECTIONS || option === RATE_LIMIT_BAN
}
