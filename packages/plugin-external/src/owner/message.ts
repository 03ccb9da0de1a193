/**
 * What external sockets tell and what they take, in the owner's thread.
 * @module
 */
import { type OwnerHalf, SocketError } from '@unisock/kernel/plugin'

/** What a program has written. */
export interface ProgramData {
  /** EXTERNAL_PIPE: `stdout` or `stderr`. EXTERNAL_SOCKETPAIR: `data`, and `stderr`. */
  readonly event_type: 'stdout' | 'stderr' | 'data'
  readonly data: Buffer
  readonly process_id: number
}

/** A program has ended; its fd closes next. */
export interface ProgramExit {
  readonly event_type: 'exit'
  readonly process_id: number
  /** Where it ended by itself. */
  readonly exit_code?: number
  /** Where a signal ended it. */
  readonly signal_number?: number
}

export type ProgramMessage = ProgramData | ProgramExit

/** What a named pipe brought. It has no messages and no senders of its own: bytes come as they arrive. */
export interface FifoMessage {
  readonly event_type: 'data'
  readonly data: Buffer
  readonly file_path: string
}

type ProgramWire = [
  event: ProgramMessage['event_type'],
  pid: number,
  what: Buffer | number | null,
  signal?: number,
]

function encodeBytes(data: unknown): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  const what = data === null ? 'null' : Array.isArray(data) ? 'an array' : `a ${typeof data}`
  throw new SocketError('ETYPENOTSUPP', `this mode sends strings and Uint8Arrays, not ${what}`, {
    op: 'write',
  })
}

export const programOwner: OwnerHalf = {
  encode: encodeBytes,
  receive([event_type, process_id, what, signal]: ProgramWire): ProgramMessage {
    if (event_type !== 'exit') return { event_type, data: what as Buffer, process_id }
    return signal === undefined
      ? { event_type, process_id, exit_code: what as number }
      : { event_type, process_id, signal_number: signal }
  },
}

export const fifoOwner: OwnerHalf = {
  encode: encodeBytes,
  receive: ([file_path, data]: [string, Buffer]): FifoMessage => ({ event_type: 'data', data, file_path }),
}
