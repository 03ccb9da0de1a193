/** A worker host on a channel of its own: what it sends is read as frames. */
import { expect, test } from 'vitest'
import { BLOCK_SLOTS } from '../src/fds/slots.ts'
import { FROM_WORKER, TO_WORKER } from '../src/link/frames.ts'
import { BatchReader } from '../src/link/reader.ts'
import type { Channel } from '../src/link/transport.ts'
import { BatchWriter } from '../src/link/writer.ts'
import { WorkerHost } from '../src/worker/worker-host.ts'

function hostOnChannel() {
  const counts = new Map<number, number>()
  let deliver: Parameters<Channel['onMessage']>[0] = () => {}
  const channel: Channel = {
    send(batch, attachments) {
      const reader = new BatchReader(batch, attachments)
      while (reader.next()) counts.set(reader.op, (counts.get(reader.op) ?? 0) + 1)
    },
    onMessage: listener => {
      deliver = listener
    },
    drain() {},
    close() {},
  }
  const control = { notify() {} } as never
  const host = new WorkerHost(channel, control, error => {
    throw error
  })
  return {
    host,
    counts,
    frame(op: number, fd: number, ...fields: [unknown?, unknown?]) {
      const writer = new BatchWriter()
      writer.frame(op, fd, fields.length, ...fields)
      const { batch, attachments } = writer.take()
      deliver(batch, attachments)
    },
  }
}

test('a worker that runs out of slots asks for more once, refuses while it has none, and goes on when they come', () => {
  const { host, counts, frame } = hostOnChannel()
  host.serve(1, 'test', { open: () => ({}) })
  frame(TO_WORKER.CREATE, 1, 1, null)
  frame(TO_WORKER.GRANT, 0, BLOCK_SLOTS, 0)
  const listener = host.table.get(1)!
  const addr = { address: '127.0.0.1', port: 1, family: 'IPv4' } as const
  const accept = () => listener.accept(addr, () => ({}))
  for (let i = 0; i < BLOCK_SLOTS; i++) expect(accept()).toBeDefined()
  expect(accept()).toBeUndefined()
  host.flush()
  expect(counts.get(FROM_WORKER.OPEN)).toBe(BLOCK_SLOTS)
  expect(counts.get(FROM_WORKER.NEED_SLOTS)).toBe(1)
  frame(TO_WORKER.GRANT, 0, 2 * BLOCK_SLOTS, 0)
  expect(accept()?.fd).toBe(2 * BLOCK_SLOTS)
  host.table.get(BLOCK_SLOTS)!.close()
  expect(host.table.get(BLOCK_SLOTS)).toBeUndefined()
})
