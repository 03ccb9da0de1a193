/**
 * An open WebSocket: the driver of a server's connection, and behind a client's.
 * @module
 */
import type { Socket } from 'node:net'
import {
  type CloseOptions,
  type Connection,
  type Driver,
  type Option,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_NODELAY,
  SO_WRITE_HIGH_WATER,
  SocketError,
  TLS_SESSION,
} from '@unisock/kernel/plugin'
import { type TimerWheel, tlsSession } from '@unisock/sockets/engine'
import { WS_PING_INTERVAL, WS_PONG_TIMEOUT } from '../options/index.ts'
import {
  AS_BINARY,
  AUTH_VALID,
  BINARY,
  COMPRESS,
  COMPRESSED,
  JSON_TEXT,
  NO_COMPRESS,
  type ReceivedWire,
  type WrittenWire,
} from '../wire.ts'
import { type Agreement, agreedOn } from './agreement.ts'
import { checkClose, GOING_AWAY, NORMAL, POLICY_VIOLATION } from './close-code.ts'
import { type Ending, endingOf } from './ending.ts'
import type { ConnectionHost } from './host.ts'
import { Keepalive, type Pinged } from './keepalive.ts'
import { type Listening, listen } from './listen.ts'
import { Rates } from './rates.ts'
import { isSettled } from './settled.ts'
import { sharedFrame } from './shared-frame.ts'
import { isCompressed, sendBuiltFrame, type WebSocketClass } from './ws-library.ts'

export interface WsConnectionOptions extends Agreement {
  wheel: TimerWheel
  host: ConnectionHost
}

const TEXT = { binary: false, compress: false }

export class WsConnection implements Driver, Pinged, Listening {
  readonly #fd: Connection
  readonly #ws: WebSocketClass
  readonly #socket: Socket
  readonly #options: WsConnectionOptions
  readonly #keepalive: Keepalive
  readonly #rates: Rates | undefined
  /** The bits that every message has. */
  readonly #bits: number
  /** Messages that are being compressed. */
  #compressing = 0
  #blocked = false
  /** The kernel is closing: what the program has no room for must not keep it waiting. */
  #draining = false
  #error: unknown
  /** Called when it is closed; set while somebody waits for that. */
  #onClosed: (() => void) | undefined

  constructor(fd: Connection, ws: WebSocketClass, socket: Socket, options: WsConnectionOptions) {
    this.#fd = fd
    this.#ws = ws
    this.#socket = socket
    this.#options = options
    this.#bits = options.authValid ? AUTH_VALID : 0
    this.#rates = options.role === 'server' ? Rates.of(fd) : undefined
    if (fd.option(SO_KEEPALIVE)) socket.setKeepAlive(true)
    if (!fd.option(SO_NODELAY)) socket.setNoDelay(false)
    this.#keepalive = new Keepalive(options.wheel, this)
    this.#keepalive.set(fd.option(WS_PING_INTERVAL), fd.option(WS_PONG_TIMEOUT))
    listen(ws, socket, this)
  }

  onPing(): void {
    this.#keepalive.heard()
  }

  onPong(): void {
    this.#keepalive.ponged()
  }

  onError(error: Error): void {
    this.#error ??= error
  }

  /** What waited for the socket may be on its way. */
  onDrain(): void {
    this.#drain()
  }

  /** @throws {SocketError} `ENOTSUP` for what was settled by the handshake. */
  setOption(option: number, value: unknown): void {
    if (option === WS_PING_INTERVAL || option === WS_PONG_TIMEOUT)
      this.#keepalive.set(this.#fd.option(WS_PING_INTERVAL), this.#fd.option(WS_PONG_TIMEOUT))
    else if (option === SO_KEEPALIVE) this.#socket.setKeepAlive(value as boolean)
    else if (option === SO_NODELAY) this.#socket.setNoDelay(value as boolean)
    else if (isSettled(option, this.#options.role))
      throw new SocketError(
        'ENOTSUP',
        `option ${option} was settled by the handshake: an open connection stays as it is`,
      )
  }

  query(option: number): unknown {
    if (option === TLS_SESSION) return tlsSession(this.#socket) ?? null
    return agreedOn(this.#options, option) ?? this.#fd.option(option as Option<unknown>)
  }

  write(message: WrittenWire): boolean {
    const ws = this.#ws
    // The peer has begun to close: what is written now loses the race.
    if (ws.readyState !== ws.OPEN) return true
    if (typeof message === 'string') this.#send(message, message, false, 0)
    else if (message instanceof Uint8Array) this.#send(message, message, true, 0)
    else this.#send(message, message[0], (message[1] & AS_BINARY) !== 0, message[1])
    this.#blocked = this.#isFull()
    return !this.#blocked
  }

  resume(): void {
    this.#ws.resume()
  }

  /** The program sends no more: a WebSocket has no half, so it is closed. */
  end(): void {
    this.#ws.close(NORMAL)
  }

  drain(): void {
    this.#draining = true
    if (this.#ws.isPaused) this.#discard()
    this.#ws.close(GOING_AWAY)
  }

  /** @throws {SocketError} `EINVAL` for a code or reason that cannot be sent; it is closed with 1000 then. */
  async close({ abort = false, code, reason }: CloseOptions): Promise<void> {
    const ws = this.#ws
    if (ws.readyState === ws.CLOSED) return
    const closed = new Promise<void>(resolve => {
      this.#onClosed = resolve
    })
    if (abort) {
      ws.terminate()
      return closed
    }
    const wrong = wrongness(code, reason)
    const deadline = setTimeout(() => ws.terminate(), this.#fd.option(SO_LINGER) * 1000)
    this.#discard()
    if (wrong) ws.close(NORMAL)
    else ws.close(code ?? NORMAL, reason)
    await closed
    clearTimeout(deadline)
    if (wrong) throw wrong
  }

  ping(): void {
    const ws = this.#ws
    // Nothing of the peer is read, thus nothing is to be expected of it.
    if (ws.isPaused) this.#keepalive.heard()
    if (ws.readyState === ws.OPEN) ws.ping()
  }

  onSilence(): void {
    this.#error ??= new SocketError('ETIMEDOUT', 'a ping was not answered within WS_PONG_TIMEOUT')
    this.#ws.terminate()
  }

  inspect(): unknown {
    const { bytesRead, bytesWritten } = this.#socket
    return { bytesRead, bytesWritten, queued: this.#ws.bufferedAmount }
  }

  /** Sends a message compressed; false: it was not sent, and goes as it is. */
  protected compress(
    _message: WrittenWire,
    payload: string | Uint8Array,
    binary: boolean,
    _asked: boolean,
  ): boolean {
    this.#compressing++
    this.#ws.send(payload, { binary, compress: true }, () => this.#compressed())
    return true
  }

  /** Gives a message to the program; false: it has no room for another. */
  protected deliver(data: Buffer, isBinary: boolean): boolean {
    const { protocol, json, compression } = this.#options
    let bits = this.#bits
    if (compression && isCompressed(this.#ws)) bits |= COMPRESSED
    if (isBinary) bits |= BINARY
    else if (json && beginsLikeJson(data)) bits |= JSON_TEXT
    const wire: ReceivedWire = [bits, data.length, protocol, isBinary ? data : data.toString()]
    return this.#fd.emit(wire)
  }

  /** The socket takes more. */
  protected drained(): void {
    this.#fd.drained()
  }

  /** Bytes that the socket, or what compresses for it, has not passed on yet. */
  protected get backlog(): number {
    return this.#compressing > 0 ? this.#ws.bufferedAmount : this.#socket.writableLength
  }

  /** Nothing was said of an end yet. */
  protected get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  /** Sends text; `frame` is the whole frame of it, where that was built before. */
  protected sendText(text: string, frame?: Buffer): void {
    const { compression } = this.#options
    if (
      compression &&
      Buffer.byteLength(text) >= compression.threshold &&
      this.compress(text, text, false, false)
    )
      return
    if (frame === undefined || !sendBuiltFrame(this.#ws, frame)) this.#ws.send(text, TEXT)
  }

  /** Bytes of `backlog` from which on `onDrain` is certain to be called. */
  protected get certainBacklog(): number {
    return this.#socket.writableHighWaterMark
  }

  /** Has what is written from now on leave together, when it is called off. */
  protected cork(): void {
    this.#socket.cork()
  }

  protected uncork(): void {
    this.#socket.uncork()
  }

  /** Reads no more until `resume`. */
  protected pause(): void {
    this.#ws.pause()
  }

  /** A message came faster than it may; false: nothing more is to be read. */
  protected tooFast(limit: string, _data: Buffer): boolean {
    this.fail(new SocketError('EPROTO', `the peer exceeded ${limit}`), POLICY_VIOLATION, 'too fast')
    this.offend()
    return true
  }

  /** The peer did what counts against its address; true: that is shut out now. */
  protected offend(): boolean {
    return this.#options.host.offended?.() ?? false
  }

  /** It is closed; called once, before anybody is told. */
  protected over(_code: number): void {}

  /** What is told of its end. */
  protected told(ending: Ending): Ending {
    return ending
  }

  /** Closes for what the peer did; nothing more of it is heard. */
  protected fail(error: SocketError, code: number, reason: string): void {
    this.#error ??= error
    this.#discard()
    this.#ws.close(code, reason)
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    this.#keepalive.heard()
    const exceeded = this.#rates?.exceeded(data.length)
    if (exceeded === undefined ? this.deliver(data, isBinary) : this.tooFast(exceeded, data)) return
    if (this.#draining) this.#discard()
    else this.#ws.pause()
  }

  #send(message: WrittenWire, payload: string | Uint8Array, binary: boolean, bits: number): void {
    const ws = this.#ws
    const { compression, role } = this.#options
    if (compression && (bits & NO_COMPRESS) === 0) {
      const asked = (bits & COMPRESS) !== 0
      if (asked || Buffer.byteLength(payload) >= compression.threshold)
        if (this.compress(message, payload, binary, asked)) return
    }
    if (role === 'server') {
      const frame = sharedFrame(message, payload, binary)
      if (frame !== undefined && sendBuiltFrame(ws, frame)) return
    }
    ws.send(payload, { binary, compress: false })
  }

  /** What is on its way to the system, and what is being compressed before that. */
  #isFull(): boolean {
    if (this.#socket.writableNeedDrain) return true
    return this.#compressing > 0 && this.#ws.bufferedAmount > this.#fd.option(SO_WRITE_HIGH_WATER)
  }

  /** What still arrives is thrown away, up to the peer's close: that is behind it. */
  #discard(): void {
    this.#ws.removeAllListeners('message').resume()
  }

  #compressed(): void {
    this.#compressing--
    if (!this.#socket.destroyed) this.onDrain()
  }

  #drain(): void {
    if (!this.#blocked || this.#isFull()) return
    this.#blocked = false
    this.drained()
  }

  onClose(code: number, reason: Buffer): void {
    this.#keepalive[Symbol.dispose]()
    this.over(code)
    const ending = endingOf(this.#error ?? this.#socket.errored ?? undefined, code, reason.toString())
    this.#options.host.closed(this.told(ending))
    this.#onClosed?.()
  }
}

function wrongness(code: number | undefined, reason: string | undefined): SocketError | undefined {
  try {
    checkClose(code, reason)
    return undefined
  } catch (error) {
    return error as SocketError
  }
}

/** An object or an array, behind white space (RFC 8259 section 2). */
function beginsLikeJson(text: Buffer): boolean {
  for (const byte of text) {
    if (byte === 0x7b || byte === 0x5b) return true
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false
  }
  return false
}
