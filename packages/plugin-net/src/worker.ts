/**
 * The plugin's half in its worker: which driver serves which mode.
 * @module
 */
import { type Driver, defineWorker, type PluginSocket } from '@unisock/kernel/plugin'
import { TimerWheel } from '@unisock/sockets/engine'
import { binaryCodec, compressedCodec, type DatagramCodec, textCodec } from './driver/datagram-codec.ts'
import { DatagramSocket } from './driver/datagram-socket.ts'
import { type StreamMode, StreamSocket } from './driver/stream-socket.ts'
import { binaryFraming } from './framing/binary.ts'
import { compressedFraming } from './framing/compressed.ts'
import { checkCompression } from './framing/compression-settings.ts'
import { mudFraming } from './framing/mud.ts'
import { textFraming } from './framing/text.ts'
import {
  DATAGRAM,
  DATAGRAM_BINARY,
  DATAGRAM_COMPRESSED,
  MUD,
  STREAM,
  STREAM_BINARY,
  STREAM_COMPRESSED,
  STREAM_TLS,
  STREAM_TLS_BINARY,
  STREAM_TLS_COMPRESSED,
} from './modes.ts'
import { SO_COMPRESSION, SO_ENCODING } from './options.ts'

/** Of all kernels whose worker is this thread. Connections leave it as they close; nothing else holds it. */
const wheel = new TimerWheel()

const compressed = {
  framing: compressedFraming,
  check: (socket: PluginSocket): void => checkCompression(socket.option(SO_COMPRESSION)),
}
const stream =
  (mode: StreamMode) =>
  (socket: PluginSocket): StreamSocket =>
    new StreamSocket(socket, mode, wheel)
const datagram =
  (makeCodec: (socket: PluginSocket) => DatagramCodec) =>
  (socket: PluginSocket): DatagramSocket =>
    new DatagramSocket(socket, makeCodec)

const DRIVERS: Readonly<Record<number, (socket: PluginSocket) => Driver>> = {
  [MUD]: stream({ framing: mudFraming, secure: false }),
  [STREAM]: stream({ framing: textFraming, secure: false }),
  [DATAGRAM]: datagram(socket => textCodec(socket.option(SO_ENCODING))),
  [STREAM_BINARY]: stream({ framing: binaryFraming, secure: false }),
  [DATAGRAM_BINARY]: datagram(() => binaryCodec),
  [STREAM_TLS]: stream({ framing: textFraming, secure: true }),
  [STREAM_TLS_BINARY]: stream({ framing: binaryFraming, secure: true }),
  [STREAM_COMPRESSED]: stream({ ...compressed, secure: false }),
  [STREAM_TLS_COMPRESSED]: stream({ ...compressed, secure: true }),
  [DATAGRAM_COMPRESSED]: datagram(socket => compressedCodec(socket.option(SO_COMPRESSION))),
}

export default defineWorker({ open: (mode, socket) => DRIVERS[mode]!(socket) })
