/**
 * The plugin's half in its worker: which driver serves which mode.
 * @module
 */
import { type Driver, defineWorker, type PluginSocket } from '@unisock/kernel/plugin'
import { TimerWheel } from '@unisock/sockets/engine'
import { BYTE_STREAM } from './byte-stream/profile.ts'
import { WsClient } from './client/ws-client.ts'
import { COMPRESSED } from './deflate/profile.ts'
import { EitherSocket } from './either-socket.ts'
import { FILE_STREAM } from './file-stream/profile.ts'
import {
  WEBSOCKET_BINARY_STREAM,
  WEBSOCKET_CLIENT,
  WEBSOCKET_COMPRESSED_NATIVE,
  WEBSOCKET_FILE_STREAM,
  WEBSOCKET_SECURE_CLIENT,
  WEBSOCKET_SECURE_SERVER,
  WEBSOCKET_SERVER,
} from './modes.ts'
import { MESSAGES } from './profile.ts'
import { WsListener } from './server/ws-listener.ts'

/** Of all kernels whose worker is this thread. Connections leave it as they close; nothing else holds it. */
const wheel = new TimerWheel()

const plain = (): boolean => false
const secure = (): boolean => true

const DRIVERS: Readonly<Record<number, (socket: PluginSocket) => Driver>> = {
  [WEBSOCKET_SERVER]: socket => new WsListener(socket, plain, wheel, MESSAGES),
  [WEBSOCKET_CLIENT]: socket => new WsClient(socket, false, wheel, MESSAGES),
  [WEBSOCKET_SECURE_SERVER]: socket => new WsListener(socket, secure, wheel, MESSAGES),
  [WEBSOCKET_SECURE_CLIENT]: socket => new WsClient(socket, true, wheel, MESSAGES),
  [WEBSOCKET_FILE_STREAM]: socket => new EitherSocket(socket, wheel, FILE_STREAM),
  [WEBSOCKET_BINARY_STREAM]: socket => new EitherSocket(socket, wheel, BYTE_STREAM),
  [WEBSOCKET_COMPRESSED_NATIVE]: socket => new EitherSocket(socket, wheel, COMPRESSED),
}

export default defineWorker({ open: (mode, socket) => DRIVERS[mode]!(socket) })
