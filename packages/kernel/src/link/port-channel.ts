/**
 * A channel over a MessagePort: thread and inline workers.
 * @module
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type Channel, NO_ATTACHMENTS } from './transport.ts'

/** Copying twice is cheaper than handing memory over below this size. */
const TRANSFER_BYTES = 8 * 1024

type Posted = Uint8Array | [Uint8Array, ...Uint8Array[]]

export function portChannel(port: MessagePort): Channel {
  let deliver: (posted: Posted) => void = () => {}
  return {
    send(message, attachments) {
      if (attachments.length === 0) {
        if (message.byteLength < TRANSFER_BYTES) port.postMessage(message)
        else port.postMessage(message, [message.buffer])
        return
      }
      const transfer = attachments.map(attachment => attachment.buffer as ArrayBuffer)
      port.postMessage([message, ...attachments], [message.buffer, ...transfer])
    },
    onMessage(listener) {
      deliver = posted =>
        Array.isArray(posted) ? listener(posted[0], posted.slice(1)) : listener(posted, NO_ATTACHMENTS)
      port.on('message', deliver)
    },
    drain() {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
        deliver(next.message)
    },
    close: () => port.close(),
  }
}
