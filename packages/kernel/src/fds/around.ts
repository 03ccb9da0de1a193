/**
 * Functions around a handler: each is called with the message and with `next`, which runs what is inside of it.
 * @module
 */
import type { OwnerFunction } from '../registry/functions.ts'

/** Runs what is inside, once; resolves with its result. */
export type Next = () => Promise<unknown>

/**
 * Runs the functions in turn, the handler inside of the last. What a function gives is the result of what is inside of
 * it from there on; one that gives nothing leaves that as it is.
 *
 * @param report Gets what went wrong inside of a function that had its own result, or failed, and did not wait.
 */
export async function runAround(
  functions: readonly OwnerFunction[],
  handler: OwnerFunction,
  message: unknown,
  report: (error: Error) => void,
): Promise<unknown> {
  const run = async (index: number): Promise<unknown> => {
    const fn = functions[index]
    if (fn === undefined) return handler(message)
    let inner: Promise<unknown> | undefined
    let settled = false
    const next: Next = () => {
      if (inner) return Promise.reject(new Error('next() was called twice by the same function'))
      inner = run(index + 1)
      const done = (): void => void (settled = true)
      inner.then(done, done)
      return inner
    }
    let isTheirs = false
    try {
      const own = await fn(message, next)
      isTheirs = own === undefined
      return isTheirs ? inner : own
    } finally {
      if (!isTheirs && inner && !settled) inner.catch(report)
    }
  }
  return run(0)
}
