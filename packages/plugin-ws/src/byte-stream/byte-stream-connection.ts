/**
 * An open WebSocket as a stream of bytes.
 * @module
 */
import type { Socket } from 'node:net'
import { type CloseOptions, type Connection, SocketError } from '@unisock/kernel/plugin'
import { NORMAL, PROTOCOL_ERROR } from '../connection/close-code.ts'
import type { Ending } from '../connection/ending.ts'
import { WsConnection, type WsConnectionOptions } from '../connection/ws-connection.ts'
import type { WebSocketClass } from '../connection/ws-library.ts'
import type { WrittenWire } from '../wire.ts'

/** Bytes of a message at most: peers bound theirs. */
const CHUNK = 64 * 1024
const END = 'end'

export class ByteStreamConnection extends WsConnection {
  readonly #fd: Connection
  readonly #ws: WebSocketClass
  #sentEnd = false
  #gotEnd = false
  /** This side closes, without waiting for the peer's end. */
  #leaving = false

  constructor(fd: Connection, ws: WebSocketClass, socket: Socket, options: WsConnectionOptions) {
    super(fd, ws, socket, options)
    this.#fd = fd
    this.#ws = ws
  }

  /** @throws {SocketError} `EPIPE` behind the end. */
  override write(message: WrittenWire): boolean {
    if (this.#sentEnd) throw new SocketError('EPIPE', 'the stream has been ended')
    const bytes = message as Uint8Array
    if (bytes.length <= CHUNK) return super.write(bytes)
    let open = true
    for (let from = 0; from < bytes.length; from += CHUNK)
      open = super.write(bytes.subarray(from, from + CHUNK))
    return open
  }

  /** The program sends no more; the peer may. */
  override end(): void {
    this.#sendEnd()
    if (this.#gotEnd) this.#ws.close(NORMAL)
  }

  override drain(): void {
    this.#leaving = true
    this.#sendEnd()
    super.drain()
  }

  override close(how: CloseOptions): Promise<void> {
    this.#leaving = true
    if (!how.abort) this.#sendEnd()
    return super.close(how)
  }

  protected override deliver(data: Buffer, isBinary: boolean): boolean {
    if (this.#gotEnd) return this.#refuse('there is something behind the end')
    if (isBinary) return data.length === 0 || this.#fd.emit(data)
    if (data.length !== END.length || data.toString() !== END)
      return this.#refuse('text is no part of a stream')
    this.#gotEnd = true
    this.#fd.end()
    if (this.#sentEnd) this.#ws.close(NORMAL)
    return true
  }

  #sendEnd(): void {
    if (this.#sentEnd) return
    super.write(END)
    this.#sentEnd = true
  }

  #refuse(reason: string): boolean {
    this.fail(new SocketError('EPROTO', `the peer broke the protocol: ${reason}`), PROTOCOL_ERROR, reason)
    return true
  }

  protected override told({ code, error }: Ending): Ending {
    return { code, error: error ?? this.#cutShort() }
  }

  #cutShort(): SocketError | undefined {
    return this.#gotEnd || this.#leaving
      ? undefined
      : new SocketError('ECONNRESET', 'the connection closed before the stream ended')
  }
}
