/**
 * The frames between a worker and a store, `[op, sequence, …]` in a link's batches. The table is append-only: an op's
 * number and the meaning of its fields never change, new fields come last. Values are their msgpack bytes; what is not
 * given is null.
 * @module
 */

/** Both ends must agree on it; a store says it first. */
export const STORE_VERSION = 1

/** From a worker. All but CREDIT are answered by a {@link FROM_STORE.RESULT} or `FAIL` of the same sequence number. */
export const TO_STORE = {
  /** [stream, bytes, [max length, max bytes, max age], idempotency key, channel] → [epoch, offset, duplicate] */
  APPEND: 1,
  /** [stream, from, limit, reverse] → [epoch, top, first, [offset, time, bytes, …]] */
  READ: 2,
  /** [stream, before] → count */
  TRIM: 3,
  /** [stream] → boolean */
  REMOVE: 4,
  /** [key] → [bytes, version, expires in] or null */
  GET: 5,
  /** [key, bytes, ttl, if absent, if version] → [done, version or null] */
  SET: 6,
  /** [key, if version] → boolean */
  DELETE: 7,
  /** [key] → as GET */
  TAKE: 8,
  /** [prefix, limit, after] → [[key, bytes, version, expires in, …], more] */
  SCAN: 9,
  /** [key, n, ttl] → [total, expires in] */
  ADD: 10,
  /** [channel, bytes] → receivers */
  PUBLISH: 11,
  /** [[op, …fields], …] → [[true, result] or [false, error record], …] */
  BATCH: 12,
  /** [channel] → null */
  SUBSCRIBE: 13,
  /** [channel] → null */
  UNSUBSCRIBE: 14,
  /** [bytes]: so much of what was sent has been dealt with */
  CREDIT: 15,
} as const

export const FROM_STORE = {
  /** [STORE_VERSION, the store's id, bytes that CREDIT tells at a time]: comes first */
  HELLO: 32,
  /** [result] */
  RESULT: 33,
  /** [error record] */
  FAIL: 34,
  /** [channel, bytes], and of an entry [epoch, offset, time] */
  EVENT: 35,
  /** [channel, count]: messages that were not sent, the worker being too slow */
  MISSED: 36,
} as const
