/**
 * The bytes below MQTT: TCP, TLS, a local socket, or WebSocket over them.
 * @module
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type Addr,
  clientTlsSettings,
  type PluginSocket,
  SO_KEEPALIVE,
  SO_NODELAY,
  SO_READ_WINDOW,
  SocketError,
} from '@unisock/kernel/plugin'
import { dial } from '@unisock/sockets/dial'
import { peerAddress } from '@unisock/sockets/engine'
import { createWebSocketStream, WebSocket } from 'ws'
import type { Destination } from './target.ts'

/** Bytes that Node reads ahead of the fd's credit. */
const READ_AHEAD = 64 * 1024

export interface OpenStream {
  readonly stream: Duplex
  /** What carries it. */
  readonly socket: Socket
  readonly addr: Addr
}

/** @throws {SocketError} `EPROTO` for a server that is no MQTT over WebSocket; as `dial`'s. */
export async function openStream(
  fd: PluginSocket,
  { target, tls, webSocket }: Destination,
  maxPacketSize: number,
  signal: AbortSignal,
): Promise<OpenStream> {
  const { alpn, ...settings } = clientTlsSettings(fd)
  const protocols = alpn ?? (webSocket === undefined ? undefined : ['http/1.1'])
  const socket = await dial(target, {
    readWindow: Math.min(fd.option(SO_READ_WINDOW), READ_AHEAD),
    noDelay: fd.option(SO_NODELAY),
    keepAlive: fd.option(SO_KEEPALIVE),
    ...(tls && { tls: { ...settings, ...(protocols && { alpn: protocols }) } }),
    signal,
  })
  const addr = peerAddress(socket, target.path)
  const stream =
    webSocket === undefined ? socket : await overWebSocket(socket, webSocket, maxPacketSize, signal)
  return { stream, socket, addr }
}

/** MQTT 5.0 section 6. */
function overWebSocket(
  socket: Socket,
  url: string,
  maxPayload: number,
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, ['mqtt'], {
      createConnection: () => socket,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload,
    })
    const fail = (cause: Error): void => {
      signal.removeEventListener('abort', abort)
      ws.on('error', () => {}).terminate()
      socket.destroy()
      reject(new SocketError('EPROTO', `no MQTT over WebSocket: ${cause.message}`, { op: 'connect', cause }))
    }
    const abort = (): void => fail(signal.reason)
    signal.addEventListener('abort', abort)
    ws.on('error', fail).on('open', () => {
      signal.removeEventListener('abort', abort)
      ws.off('error', fail)
      resolve(createWebSocketStream(ws))
    })
  })
}
