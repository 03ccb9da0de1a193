/** A thread that pushes numbered records into a queue: `workerData` is `{ descriptor, writer, count, bytes }`. */
import { workerData } from 'node:worker_threads'
import { SharedDualQueue } from '../src/index.ts'

const { descriptor, writer, count, bytes } = workerData
const queue = SharedDualQueue.from(descriptor)
for (let i = 0; i < count; i++) {
  const record = new Uint8Array(8 + (bytes === 0 ? 0 : i % bytes)).fill(writer)
  const view = new DataView(record.buffer)
  view.setUint32(0, writer)
  view.setUint32(4, i)
  for (;;) {
    try {
      queue.push(record)
      break
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_QUEUE_FULL') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
