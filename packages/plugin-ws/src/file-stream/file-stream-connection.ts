/**
 * An open WebSocket that carries files.
 * @module
 */
import type { Socket } from 'node:net'
import { type Connection, SO_WRITE_HIGH_WATER, SocketError } from '@unisock/kernel/plugin'
import { PROTOCOL_ERROR } from '../connection/close-code.ts'
import { WsConnection, type WsConnectionOptions } from '../connection/ws-connection.ts'
import type { WebSocketClass } from '../connection/ws-library.ts'
import { WS_FILE } from '../options/index.ts'
import type { FileSettings, Peer } from './peer.ts'
import { type Envelope, encodeChunk, parseChunk, parseEnvelope } from './protocol.ts'
import { Session } from './session.ts'
import type { FileWriteWire } from './wire.ts'

/** Bytes that wait for the file system before the peer is made to wait. */
const MAX_UNWRITTEN = 1024 * 1024

const DEFAULTS: FileSettings = { chunk: 64 * 1024, maxSize: 2 ** 30, digest: true }

/** A client's are found again by its next connection. */
const sessions = new WeakMap<Connection, Session>()

export class FileStreamConnection extends WsConnection implements Peer {
  readonly #fd: Connection
  readonly #ws: WebSocketClass
  readonly #session: Session
  /** Chunks that were sent and are not on their way: called when there is room, or never will be. */
  #waiting: (() => void)[] = []
  #holdsBack = false
  #reading = true

  constructor(fd: Connection, ws: WebSocketClass, socket: Socket, options: WsConnectionOptions) {
    const session = sessions.get(fd) ?? new Session(fd)
    sessions.set(fd, session)
    super(fd, ws, socket, options)
    this.#fd = fd
    this.#ws = ws
    this.#session = session
    // The program is to hear of the connection first.
    setImmediate(() => {
      if (ws.readyState === ws.OPEN) session.attach(this)
    })
  }

  get settings(): FileSettings {
    return { ...DEFAULTS, ...this.#fd.option(WS_FILE) }
  }

  override write(message: unknown): boolean {
    this.#session.write(message as FileWriteWire)
    this.#holdsBack = this.#isHeldBack()
    return !this.#holdsBack
  }

  override resume(): void {
    this.#session.resume()
    this.onWritten()
  }

  tell(envelope: Envelope): void {
    super.write(JSON.stringify(envelope))
  }

  async sendChunk(id: number, offset: number, bytes: Uint8Array): Promise<void> {
    const isOpen = this.#ws.readyState === this.#ws.OPEN
    if (isOpen && super.write(encodeChunk(id, offset, bytes))) return
    if (this.#ws.readyState === this.#ws.CLOSED) return
    await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  onWritten(): void {
    const { hasRoom, unwritten } = this.#session
    if (this.#reading || !hasRoom || unwritten > MAX_UNWRITTEN / 2) return
    this.#reading = true
    super.resume()
  }

  onSent(): void {
    if (!this.#holdsBack || this.#isHeldBack()) return
    this.#holdsBack = false
    this.#fd.drained()
  }

  protected override deliver(data: Buffer, isBinary: boolean): boolean {
    const session = this.#session
    const chunk = isBinary ? parseChunk(data) : undefined
    const envelope = isBinary ? undefined : parseEnvelope(data.toString())
    if (chunk) session.chunk(chunk)
    else if (!envelope || !session.receive(envelope, this)) {
      const reason = 'the peer broke the protocol of files'
      this.fail(new SocketError('EPROTO', reason), PROTOCOL_ERROR, reason)
      return true
    }
    this.#reading = session.hasRoom && session.unwritten <= MAX_UNWRITTEN
    return this.#reading
  }

  protected override over(): void {
    this.#session.detach()
    this.#wake()
  }

  /** What the socket has taken was not the program's own. */
  protected override drained(): void {
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  #isHeldBack(): boolean {
    return this.#session.held > this.#fd.option(SO_WRITE_HIGH_WATER)
  }
}
