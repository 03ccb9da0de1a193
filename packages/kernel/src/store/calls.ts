/**
 * The calls of a {@link Store} as operations: what each sends and what its answer means.
 * @module
 */
import { type ErrorRecord, fromErrorRecord } from '../errors.ts'
import { invalid, sendableName } from './arguments.ts'
import type { Found } from './keys.ts'
import { TO_STORE } from './operations.ts'
import type { BatchCall, BatchMethod, Store, StoredValue } from './store.ts'
import { packValue, unpackValue } from './value-codec.ts'

type Answer<M extends BatchMethod> = Awaited<ReturnType<Store[M]>>

interface CallKind<M extends BatchMethod> {
  readonly op: number
  /** @throws SocketError EBADDATA */
  encode(...args: Parameters<Store[M]>): unknown[]
  decode(result: any): Answer<M>
}

const same = (result: any): any => result
const given = (value: unknown): unknown => value ?? null

export const CALLS: { readonly [M in BatchMethod]: CallKind<M> } = {
  append: {
    op: TO_STORE.APPEND,
    encode: (stream, value, { maxLength, maxBytes, maxAge, key, publish } = {}) => [
      sendableName(stream),
      packValue(value),
      [given(maxLength), given(maxBytes), given(maxAge)],
      key == null ? null : sendableName(key),
      publish == null ? null : sendableName(publish),
    ],
    decode: ([epoch, offset, duplicate]) => ({ epoch, offset, duplicate }),
  },
  read: {
    op: TO_STORE.READ,
    encode: (stream, { from, limit, reverse } = {}) => [
      sendableName(stream),
      given(from),
      given(limit),
      given(reverse),
    ],
    decode: ([epoch, top, first, flat]) => {
      const entries = []
      for (let i = 0; i < flat.length; i += 3)
        entries.push({ offset: flat[i], time: flat[i + 1], value: unpackValue(flat[i + 2]) })
      return { epoch, top, first, entries }
    },
  },
  trim: { op: TO_STORE.TRIM, encode: (stream, before) => [sendableName(stream), before], decode: same },
  remove: { op: TO_STORE.REMOVE, encode: stream => [sendableName(stream)], decode: same },
  get: { op: TO_STORE.GET, encode: key => [sendableName(key)], decode: storedValue },
  set: {
    op: TO_STORE.SET,
    encode: (key, value, { ttl, ifAbsent, ifVersion } = {}) => [
      sendableName(key),
      packValue(value),
      given(ttl),
      given(ifAbsent),
      given(ifVersion),
    ],
    decode: ([done, version]) => ({ done, version: version ?? undefined }),
  },
  delete: {
    op: TO_STORE.DELETE,
    encode: (key, { ifVersion } = {}) => [sendableName(key), given(ifVersion)],
    decode: same,
  },
  take: { op: TO_STORE.TAKE, encode: key => [sendableName(key)], decode: storedValue },
  scan: {
    op: TO_STORE.SCAN,
    encode: (prefix, { limit, after } = {}) => [
      sendableName(prefix),
      given(limit),
      after == null ? null : sendableName(after),
    ],
    decode: ([flat, more]) => {
      const entries = []
      for (let i = 0; i < flat.length; i += 4)
        entries.push({ key: flat[i], ...storedValue(flat.slice(i + 1, i + 4))! })
      return { entries, next: more ? entries.at(-1)!.key : undefined }
    },
  },
  add: {
    op: TO_STORE.ADD,
    encode: (key, n, { ttl } = {}) => [sendableName(key), n, given(ttl)],
    decode: ([total, expiresIn]) => ({ total, expiresIn: expiresIn ?? undefined }),
  },
  publish: {
    op: TO_STORE.PUBLISH,
    encode: (channel, value) => [sendableName(channel), packValue(value)],
    decode: same,
  },
}

export function encodeBatch(calls: readonly BatchCall[]): unknown[] {
  return calls.map(([method, ...args]) => {
    if (!Object.hasOwn(CALLS, method)) throw invalid(`${method} in a batch`)
    const { op, encode } = CALLS[method] as CallKind<any>
    return [op, ...encode(...(args as [any]))]
  })
}

export function decodeBatch(calls: readonly BatchCall[], results: any): PromiseSettledResult<unknown>[] {
  return calls.map(([method], i) => {
    const [done, result] = results[i]
    return done
      ? { status: 'fulfilled', value: CALLS[method].decode(result) }
      : { status: 'rejected', reason: fromErrorRecord(result as ErrorRecord) }
  })
}

function storedValue(found: Found | null): StoredValue | undefined {
  if (!found) return undefined
  const [bytes, version, expiresIn] = found
  return { value: unpackValue(bytes), version, expiresIn: expiresIn ?? undefined }
}
