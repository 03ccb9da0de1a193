/**
 * Whether what Node does not promise works here: an eventfd and an inotify instance that the loop waits for.
 * @module
 */
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDescriptor } from './descriptor.ts'
import type { System } from './system.ts'

const DELETE_SELF = 0x400
const DEADLINE = 2000

/** @throws Error saying what does not work */
export async function selfTest(system: System): Promise<void> {
  await testEventfd(system)
  await testInotify(system)
}

async function testEventfd(system: System): Promise<void> {
  const stream = openDescriptor(system, system.eventfd(0), true)
  try {
    const read = once(stream, 'data', { signal: AbortSignal.timeout(DEADLINE) })
    stream.write(Buffer.from([7, 0, 0, 0, 0, 0, 0, 0]))
    const [count] = (await read) as [Buffer]
    if (count.readBigUInt64LE() !== 7n) throw new Error('an eventfd does not read as it was written')
  } finally {
    stream.destroy()
  }
}

async function testInotify(system: System): Promise<void> {
  const descriptor = system.inotifyInit()
  const stream = openDescriptor(system, descriptor, false)
  const folder = mkdtempSync(join(tmpdir(), 'unisock-'))
  let there = true
  try {
    const watch = system.inotifyAddWatch(descriptor, Buffer.from(folder), DELETE_SELF)
    const read = once(stream, 'data', { signal: AbortSignal.timeout(DEADLINE) })
    rmdirSync(folder)
    there = false
    const [event] = (await read) as [Buffer]
    if (event.readInt32LE() !== watch) throw new Error('an inotify instance tells of another watch')
  } finally {
    stream.destroy()
    if (there) rmdirSync(folder)
  }
}
