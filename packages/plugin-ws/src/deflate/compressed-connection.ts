/**
 * An open WebSocket that holds no zlib stream: it compresses and inflates each message by itself.
 * @module
 */
import type { Socket } from 'node:net'
import type { Connection } from '@unisock/kernel/plugin'
import { WsConnection, type WsConnectionOptions } from '../connection/ws-connection.ts'
import {
  agreedDeflate,
  buildFrame,
  inflateWith,
  sendBuiltFrame,
  type WebSocketClass,
} from '../connection/ws-library.ts'
import { type Deflate, WS_MAX_MESSAGE_SIZE } from '../options/index.ts'
import type { WrittenWire } from '../wire.ts'
import { type DeflateParams, inflateMessage, sharedDeflate } from './shared-deflate.ts'

export type DeflateSettings = Required<Deflate>

/** Bytes that a message may have whatever its ratio. */
const FREE_BYTES = 64 * 1024
/** zlib cannot deflate with a window of 256 bytes. */
const MIN_DEFLATE_BITS = 9

export class CompressedConnection extends WsConnection {
  readonly #ws: WebSocketClass
  readonly #role: 'server' | 'client'
  /** Undefined: the library compresses, with what it keeps between messages. */
  readonly #params: DeflateParams | undefined
  /** The peer's window is too small for zlib, and its messages go as they are. */
  readonly #mute: boolean

  constructor(fd: Connection, ws: WebSocketClass, socket: Socket, options: WsConnectionOptions) {
    super(fd, ws, socket, options)
    this.#ws = ws
    this.#role = options.role
    const { windowBits, memLevel, level, contextTakeover, maxRatio } = options.compression as DeflateSettings
    const agreed = agreedDeflate(ws)
    this.#mute = agreed !== undefined && agreed.sending < MIN_DEFLATE_BITS
    if (contextTakeover || !agreed) return
    this.#params = { windowBits: Math.min(windowBits, agreed.sending), memLevel, level }
    if (!agreed.standalone) return
    const largest = fd.option(WS_MAX_MESSAGE_SIZE)
    inflateWith(ws, message =>
      inflateMessage(
        message,
        agreed.receiving,
        Math.min(largest, Math.max(FREE_BYTES, Math.floor(message.length * maxRatio))),
      ),
    )
  }

  /** What does not shrink goes as it is, unless compression was asked for. */
  protected override compress(
    message: WrittenWire,
    payload: string | Uint8Array,
    binary: boolean,
    asked: boolean,
  ): boolean {
    if (this.#mute) return false
    if (!this.#params) return super.compress(message, payload, binary, asked)
    const deflated = sharedDeflate(message, payload, this.#params)
    if (!asked && deflated.bytes.length >= Buffer.byteLength(payload)) return false
    const opcode = binary ? 2 : 1
    const frame =
      this.#role === 'server'
        ? deflated.frame(opcode)
        : buildFrame(deflated.bytes, opcode, { compressed: true, masked: true })
    return frame !== undefined && sendBuiltFrame(this.#ws, frame)
  }
}
