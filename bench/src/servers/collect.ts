/**
 * Loaded into every thread of a server's process: a thread collects its own garbage only.
 * @module
 */
import { BroadcastChannel, isMainThread } from 'node:worker_threads'

const channel = new BroadcastChannel('collect')
channel.unref()
/** Threads besides the main one, and what is to happen when another of them has collected. */
let threads = 0
let collected: (() => void) | undefined

if (isMainThread)
  channel.onmessage = ({ data }) => {
    if (data === 'here') threads++
    else if (data === 'collected') collected?.()
  }
else {
  channel.onmessage = ({ data }) => {
    if (data !== 'collect') return
    collect()
    channel.postMessage('collected')
  }
  channel.postMessage('here')
}

/** In the main thread: resolves when all threads have collected. */
export async function collectAll(): Promise<void> {
  collect()
  if (threads === 0) return
  channel.postMessage('collect')
  await new Promise<void>(resolve => {
    let left = threads
    collected = () => {
      if (--left === 0) resolve()
    }
  })
}

/** Gives back too what V8 has put by for objects to come: how much that is tells of the load before, not of what is there. */
function collect(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
