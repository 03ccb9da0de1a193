/**
 * The frames of the data port: msgpack arrays `[op, fd, …]`. The table is versioned and append-only: an op's number
 * and the meaning of its fields never change, new fields come last.
 * @module
 */

/** Both ends must agree on it; they compare when a worker says hello. */
export const FRAME_VERSION = 1

/** From the kernel to a worker. `seq` asks for a {@link FROM_WORKER.REPLY} or `FAIL` with the same number. */
export const TO_WORKER = {
  /** [fd, mode, kept rows | nil] */
  CREATE: 1,
  /** [fd, seq, option, value, key | nil] */
  OPTION: 2,
  /** [fd, seq, target] */
  BIND: 3,
  /** [fd, seq] */
  LISTEN: 4,
  /** [fd, seq, target] */
  CONNECT: 5,
  /** [fd, data] */
  WRITE: 6,
  /** [fd, data]: ends the fd for the owner */
  WRITE_LAST: 7,
  /** [fd of one, fds, data] */
  WRITE_MANY: 8,
  /** [listener, fds that are left out, data] */
  BROADCAST: 9,
  /** [fd, seq, data, metadata | nil] */
  CALL: 10,
  /** [fd, seq, option] */
  QUERY: 11,
  /** [fd]: half-close */
  END: 12,
  /** [fd, seq, CloseOptions] */
  CLOSE: 13,
  /** [fd, bytes] */
  CREDIT: 14,
  /** [fd, seq]: gives a CALL up */
  CANCEL: 15,
  /** [first slot, generation]: a block of slots to open fds in */
  GRANT: 16,
  /** [plugin, its config]: of no fd */
  CONFIG: 17,
} as const

/** From a worker to the kernel. */
export const FROM_WORKER = {
  /** [fd, listener, address, port, first message's handler | nil, first message, metadata | nil] */
  ACCEPT: 32,
  /** [fd, data, handler | nil] */
  EVENT: 33,
  /** [fd]: the peer half-closed */
  ENDED: 34,
  /** [fd, error record | nil] */
  CLOSED: 35,
  /** [fd, seq, value] */
  REPLY: 36,
  /** [fd, seq, error record] */
  FAIL: 37,
  /** [fd, bytes] */
  CREDIT: 38,
  /** [fd, key, value | undefined] */
  KEEP: 39,
  /** [fd, error record] */
  ERROR: 40,
  /** [fd, function ids] */
  RETIRE: 41,
  /** [free slots]: asks for a GRANT */
  NEED_SLOTS: 42,
  /** [fd, count]: messages a slow reader did not get */
  DROPPED: 43,
  /** [fd, listener, address, port, metadata | nil]: an accept without a first message */
  OPEN: 44,
  /** [fd, address, port]: a client is connected again */
  REOPENED: 45,
} as const

/** Whoever takes frames from a link. `size` is the frame's length in bytes with its attachments. */
export type FrameHandler = (
  op: number,
  fd: number,
  size: number,
  a: unknown,
  b: unknown,
  c: unknown,
  d: unknown,
  e: unknown,
  f: unknown,
) => void
