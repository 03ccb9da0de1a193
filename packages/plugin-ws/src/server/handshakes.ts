/**
 * The server's half of the opening handshake: one guard after the other, and the 101 at the end (RFC 6455 section 4.2.2).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Addr, allowsOrigin, type PluginSocket } from '@unisock/kernel/plugin'
import type { Agreement } from '../connection/agreement.ts'
import { parseExtensions, parseSubprotocols, type WebSocketClass } from '../connection/ws-library.ts'
import { chooseOffer } from '../deflate/offers.ts'
import { HYDROGEN_PROTOCOL } from '../hydrogen/protocol.ts'
import type { HydrogenService } from '../hydrogen/server/hydrogen-service.ts'
import { WS_ORIGIN } from '../options/index.ts'
import type { Profile } from '../profile.ts'
import { AdmissionControl } from './admission.ts'
import { Authenticator, type Authenticity } from './authenticator.ts'
import { credentialsOf } from './credentials.ts'
import { refusalOf } from './hydrogen-refusal.ts'
import type { Place } from './place.ts'
import { type Refusal, refuse } from './refusal.ts'
import { checkRequest } from './request-check.ts'
import { chooseSubprotocol } from './subprotocols.ts'
import { type Terms, Upgrader } from './upgrader.ts'
import type { Verdicts } from './verdicts.ts'

/** A WebSocket that has been opened. */
export interface Opened {
  ws: WebSocketClass
  socket: Socket
  addr: Addr
  agreement: Agreement
  place: Place
}

export class Handshakes {
  readonly #socket: PluginSocket
  readonly #profile: Profile
  readonly #onOpen: (opened: Opened) => void
  readonly #admission: AdmissionControl
  readonly #authenticator: Authenticator
  readonly #upgrader: Upgrader
  /** Serves the clients that speak hydrogen-protocol. */
  hydrogen: HydrogenService | undefined
  #closed = false

  constructor(socket: PluginSocket, profile: Profile, verdicts: Verdicts, onOpen: (opened: Opened) => void) {
    this.#socket = socket
    this.#profile = profile
    this.#onOpen = onOpen
    this.#admission = new AdmissionControl(socket)
    this.#authenticator = new Authenticator(socket, verdicts)
    this.#upgrader = new Upgrader(socket)
  }

  /** Connections that are open or about to be. */
  get taken(): number {
    return this.#admission.taken
  }

  /** Reads the options again, for the handshakes to come. @throws {SocketError} `EINVAL` for what fits no server. */
  refresh(): void {
    this.#authenticator.refresh()
    this.#upgrader.refresh()
  }

  /** Puts into effect again what was kept of the time before this worker. */
  restore(): Promise<void> {
    return this.#admission.restore()
  }

  /** Reads the limits again, and begins to count anew. */
  refreshLimits(): void {
    this.#admission.refresh()
  }

  /** No more are opened. */
  close(): void {
    this.#closed = true
  }

  /** Opens a WebSocket, or refuses it. Never rejects, and leaves no socket behind. */
  async receive(request: IncomingMessage, socket: Socket, head: Buffer, addr: Addr): Promise<void> {
    socket.on('error', destroyIt)
    try {
      const refusal = await this.#handle(request, socket, head, addr)
      if (refusal) this.refuse(socket, refusal, addr)
    } catch (error) {
      this.#socket.log('error', 'a handshake failed', { error: (error as Error).message })
      socket.destroy()
    }
  }

  refuse(socket: Socket, refusal: Refusal, { address, port }: Addr): void {
    const { status, reason } = refusal
    this.#socket.log('debug', 'refused a handshake', { status, reason, address, port })
    refuse(socket, refusal)
  }

  /** What is against it, in the order of section 4.2.1; undefined when the WebSocket was opened. */
  async #handle(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    addr: Addr,
  ): Promise<Refusal | undefined> {
    const { headers } = request
    const flawed = checkRequest(request)
    if (flawed) return flawed
    if (this.#closed) return { status: 503, reason: 'The server is closing.' }
    if (!allowsOrigin(headers.origin, headers.host!, this.#socket.option(WS_ORIGIN)))
      return { status: 403, reason: 'Pages of this origin may not connect.' }

    const offered = subprotocolsIn(headers['sec-websocket-protocol'])
    if (!offered) return { status: 400, reason: 'Sec-WebSocket-Protocol is malformed.' }
    const chosen = chooseSubprotocol(offered, this.#profile.subprotocols(this.#socket))
    if (!chosen) return { status: 400, reason: 'None of the subprotocols is served here.' }

    const extensions = headers['sec-websocket-extensions']
    if (!isExtensionList(extensions)) return { status: 400, reason: 'Sec-WebSocket-Extensions is malformed.' }
    const compression = this.#compression(extensions)
    if (this.#profile.compressed && !compression)
      return { status: 400, reason: 'Here a client offers permessage-deflate.' }

    const limited = this.#admission.check(addr.address)
    if (limited) return limited
    const place = this.#admission.take(addr.address)
    if (!place) return FULL
    const leave = (): void => place.leave()
    if (socket.destroyed) leave()
    else socket.on('close', leave)

    const authentic = await this.#authenticate(request, offered, addr, chosen.name)
    if ('status' in authentic) {
      leave()
      if (authentic.status === 401) this.#admission.offence(addr.address)
      return authentic
    }
    if (this.#closed) return { status: 503, reason: 'The server is closing.' }

    // From here on there are other listeners.
    socket.off('error', destroyIt)
    const upgraded = this.#upgrader.upgrade(request, socket, head, { protocol: chosen.name, compression })
    if (!upgraded) return undefined
    const agreement: Agreement = {
      role: 'server',
      protocol: chosen.none ? '' : chosen.name,
      json: chosen.json,
      ...authentic,
      compression: compression?.settings,
      extensions: upgraded.extensions,
      head: headOf(request),
    }
    // The WebSocket's own close is behind the socket's.
    socket.off('close', leave)
    this.#onOpen({ ws: upgraded.ws, socket, addr, agreement, place })
    return undefined
  }

  /** A Hydrogen server has keys of its own; what WS_AUTH says of a client counts as well. */
  async #authenticate(
    request: IncomingMessage,
    offered: readonly string[],
    addr: Addr,
    protocol: string,
  ): Promise<Authenticity | Refusal> {
    const { hydrogen } = this
    if (hydrogen === undefined || protocol !== HYDROGEN_PROTOCOL)
      return this.#authenticator.check(request, offered, addr)
    const known = this.#authenticator.isSet
      ? await this.#authenticator.check(request, offered, addr)
      : undefined
    if (known !== undefined && 'status' in known && known.status !== 401) return known
    const shown = credentialsOf(request.headers.authorization, offered)
    const admitted = await hydrogen.admit(shown, known && 'status' in known ? undefined : known)
    if (typeof admitted !== 'string') return admitted
    hydrogen.rejected()
    return refusalOf(admitted)
  }

  #compression(extensions: string | undefined): Terms['compression'] {
    const settings = this.#profile.compression(this.#socket)
    const choice = settings && extensions !== undefined ? chooseOffer(extensions, settings) : undefined
    return settings && choice && { settings, choice }
  }
}

const FULL: Refusal = {
  status: 503,
  reason: 'The server holds as many connections as it may.',
  headers: { 'Retry-After': '1' },
}

function destroyIt(this: Socket): void {
  this.destroy()
}

/** Undefined for a header that is none. */
function subprotocolsIn(header: string | undefined): string[] | undefined {
  if (header === undefined) return []
  try {
    return [...parseSubprotocols(header)]
  } catch {
    return undefined
  }
}

function isExtensionList(header: string | undefined): boolean {
  if (header === undefined) return true
  try {
    parseExtensions(header)
    return true
  } catch {
    return false
  }
}

/** Fields that the handshake is made of, or that show who the client is: nobody needs them afterwards. */
const FORGOTTEN = /^(?:authorization|connection|upgrade|sec-websocket-.*)$/i

/** In one string: of what an idle connection holds it is the largest part. */
function headOf({ url, rawHeaders }: IncomingMessage): string {
  const kept: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (!FORGOTTEN.test(rawHeaders[i]!)) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  return JSON.stringify([url, kept])
}
