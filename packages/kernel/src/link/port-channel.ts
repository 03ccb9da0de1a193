/**
 * A channel over a MessagePort: thread and inline workers.
 * @module
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type Channel, NO_ATTACHMENTS } from './transport.ts'

/** Copying twice is cheaper than handing memory over below this size. */
const TRANSFER_BYTES = 8 * 1024

/** A batch, or one with the memory that travels beside it. */
type Posted = Uint8Array | [Uint8Array, ...ArrayBuffer[]]

export function portChannel(port: MessagePort): Channel {
  let deliver: (posted: Posted) => void = () => {}
  // All that had arrived is delivered before; and Node crashes when a port is read in its `close` event.
  let closed = false
  port.once('close', () => {
    closed = true
  })
  return {
    send(message, attachments) {
      if (attachments.length === 0) {
        if (message.byteLength < TRANSFER_BYTES) port.postMessage(message)
        else port.postMessage(message, [message.buffer])
        return
      }
      const memory = attachments.map(attachment => attachment.buffer as ArrayBuffer)
      port.postMessage([message, ...memory], [message.buffer, ...memory])
    },
    onMessage(listener) {
      deliver = posted => {
        if (!Array.isArray(posted)) return listener(posted, NO_ATTACHMENTS)
        const [message, ...memory] = posted
        listener(
          message,
          memory.map(whole => Buffer.from(whole)),
        )
      }
      port.on('message', deliver)
    },
    drain() {
      if (closed) return
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
        deliver(next.message)
    },
    close: () => port.close(),
  }
}
