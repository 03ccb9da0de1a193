/**
 * A socket as web streams.
 * @module
 */
import { ReadableStream, WritableStream } from 'node:stream/web'
import type { TcpSocket } from './tcp-socket.ts'

export interface WebStreams {
  readable: ReadableStream<Uint8Array>
  writable: WritableStream<Uint8Array>
}

/**
 * Each side ends by itself: not every Node's own `Duplex.toWeb` ends one before the other. Cancelling or aborting one
 * drops the connection.
 */
export function toWebStreams(socket: TcpSocket): WebStreams {
  const drop = (): Promise<void> => socket.close({ abort: true })
  return {
    readable: new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const chunk = await socket.readAvailable()
          if (chunk.length > 0) controller.enqueue(chunk)
          else controller.close()
        },
        cancel: drop,
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<Uint8Array>({
      write: chunk => socket.write(chunk),
      close: () => socket.closeWrite(),
      abort: drop,
    }),
  }
}
