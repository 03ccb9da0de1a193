/**
 * A body of 1 GiB over loopback: streamed to the program, and as a form's file to the disk with its digest, beside
 * node:http doing the same in the program's thread. The memory is that of the whole process beyond what it had idle.
 * @module
 */
import type { Case, Metric } from '../case.ts'
import { upload } from '../upload-sent.ts'

const memory: Metric = { figure: 'peak-rss', unit: 'MiB', goal: { atMost: 64 } }

export const uploadStream: Case = {
  name: 'upload-stream',
  contenders: {
    unisock: upload('unisock-upload-stream', false),
    'node:http': upload('node-http-upload', false),
  },
  metrics: [memory, { figure: 'MB/s', unit: 'MiB/s', against: 'node:http', goal: { atLeast: 0.5 } }],
  rounds: 3,
}

export const uploadDisk: Case = {
  name: 'upload-disk',
  contenders: {
    unisock: upload('unisock-upload-disk', true),
    'node:http': upload('node-http-upload-disk', false),
  },
  metrics: [memory, { figure: 'MB/s', unit: 'MiB/s', against: 'node:http', goal: { atLeast: 0.5 } }],
  rounds: 3,
}
