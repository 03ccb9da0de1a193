/**
 * request: a message that is answered.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import { TO_WORKER } from '../link/frames.ts'
import type { RequestOptions } from '../types.ts'
import { Outcome } from './outcome.ts'

export function request(entry: Entry, data: unknown, how: RequestOptions): Outcome<unknown> {
  const { fd, host } = entry
  const { owner } = entry.mode
  if (owner.request)
    return new Outcome((resolve, reject) => owner.request!(data, entry, how).then(resolve, reject))
  const { signal, timeout } = how
  if (signal?.aborted) return Outcome.rejected(cancelled(fd, signal.reason))
  const deadline = timeout === undefined ? null : [timeout]
  const { outcome, sequence } = host.openCall(TO_WORKER.CALL, fd, data, deadline)
  if (signal === undefined && timeout === undefined) return outcome
  const giveUp = (error: Error): void => {
    host.cancel(fd, sequence, error)
  }
  const onAbort = (): void => giveUp(cancelled(fd, signal?.reason))
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(
          () => giveUp(new SocketError('ETIMEDOUT', `no reply within ${timeout} ms`, { fd, op: 'request' })),
          timeout,
        )
  const settled = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
  return outcome.settled(settled, settled)
}

function cancelled(fd: number, cause: unknown): SocketError {
  return new SocketError('ECANCELED', 'the request was cancelled', { fd, op: 'request', cause })
}
