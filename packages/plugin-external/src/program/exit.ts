/**
 * How a program's end is told.
 * @module
 */
import { constants } from 'node:os'
import { type ChildExit, SocketError } from '@unisock/kernel/plugin'

/** What crosses for the exit. */
export function exitWire(pid: number, { code, signal }: ChildExit): unknown {
  return signal === null ? ['exit', pid, code] : ['exit', pid, null, constants.signals[signal]]
}

/** What the close says of it: nothing, when the program ended as one that succeeded. */
export function exitError(
  { code, signal }: ChildExit,
  pid: number,
  timedOut: boolean,
): SocketError | undefined {
  if (code === 0 && !timedOut) return undefined
  const details =
    signal === null
      ? { process_id: pid, exit_code: code }
      : { process_id: pid, signal, signal_number: constants.signals[signal] }
  if (timedOut)
    return new SocketError('ETIMEDOUT', 'the program was ended after EXTERNAL_TIMEOUT', { details })
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  return new SocketError('EEXIT', `the program ended ${how}`, { details })
}
