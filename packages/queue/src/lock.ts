/**
 * A lock between threads, held for the time of one copy (Ulrich Drepper, "Futexes Are Tricky", mutex 2).
 * @module
 */
import { QueueError } from './errors.ts'

const FREE = 0
const HELD = 1
const CONTENDED = 2

const SPINS = 64
/** No copy takes so long: the holder was stopped in the middle of one. Milliseconds. */
const GIVE_UP_MS = 1000

/** Takes the lock at `words[index]`; throws `ERR_QUEUE_LOCK` when nobody gives it back. */
export function lock(words: Int32Array<SharedArrayBuffer>, index: number): void {
  for (let i = 0; i < SPINS; i++) if (Atomics.compareExchange(words, index, FREE, HELD) === FREE) return
  const deadline = performance.now() + GIVE_UP_MS
  while (Atomics.exchange(words, index, CONTENDED) !== FREE) {
    const left = deadline - performance.now()
    if (left <= 0) throw new QueueError('ERR_QUEUE_LOCK')
    Atomics.wait(words, index, CONTENDED, left)
  }
}

export function unlock(words: Int32Array<SharedArrayBuffer>, index: number): void {
  if (Atomics.exchange(words, index, FREE) === CONTENDED) Atomics.notify(words, index, 1)
}
