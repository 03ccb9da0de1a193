/**
 * The contract of a store: what several workers share, and what may outlive one of them. Times are milliseconds, sizes
 * bytes of a value's msgpack form. Values are plain data, Uint8Array and Date; a Map comes back as an object.
 *
 * Every call rejects with a SocketError: EINVAL for an argument that is wrong, EBADDATA for a value that is not plain,
 * EMSGSIZE for a name or a value that is too long, ENOSPC when a limit of the store is reached, ENOBUFS when too much
 * is on its way, EPLUGIN when the store was lost (it is unknown then whether the call was done), ECLOSED after `dispose`.
 * A call that the store refused has changed nothing.
 * @module
 */

/** How much of a stream is kept; what is not given is bounded by the store's limits only. */
export interface Retention {
  /** Entries. */
  maxLength?: number | undefined
  /** Bytes of all values. */
  maxBytes?: number | undefined
  /** Milliseconds. */
  maxAge?: number | undefined
}

/** The retention of the last append is the stream's. */
export interface AppendOptions extends Retention {
  /** Idempotency key: an append with the key of an earlier one is not done again. Forgotten after the store's window. */
  key?: string | undefined
  /** A channel whose listeners are given the value with its position: in the order of offsets, and no duplicates. */
  publish?: string | undefined
}

/** Where an entry is. */
export interface EntryPosition {
  epoch: string
  offset: number
  /** When it was appended, in milliseconds since 1970. */
  time: number
}

/** `epoch` and `offset` name an entry for good: a stream that is lost, removed or forgotten has another epoch afterwards. */
export interface Appended {
  epoch: string
  /** From 1 on, without holes. */
  offset: number
  /** The entry was there already, under its idempotency key. */
  duplicate: boolean
}

export interface ReadOptions {
  /** The offset to begin with. @default the oldest entry, in reverse the newest */
  from?: number | undefined
  /** Entries at most; the store gives fewer when they are large, but one at least. 0 asks for the position only. */
  limit?: number | undefined
  /** Towards older entries. */
  reverse?: boolean | undefined
}

export interface StreamEntry {
  offset: number
  /** When it was appended, in milliseconds since 1970. */
  time: number
  value: unknown
}

/** A part of a stream, with its position. The position of a stream nobody has appended to is known as well. */
export interface StreamPage {
  epoch: string
  /** Offset of the newest entry, kept or not; 0 before the first. Outlives the entries. */
  top: number
  /** Offset of the oldest entry that is kept; `top + 1` when none is. */
  first: number
  entries: StreamEntry[]
}

export interface SetOptions {
  /** Milliseconds until the key is gone; a set without it makes the key permanent. */
  ttl?: number | undefined
  /** Only when there is no such key. */
  ifAbsent?: boolean | undefined
  /** Only when the key has this version: compare-and-set. */
  ifVersion?: number | undefined
}

export interface SetResult {
  /** False: the condition did not hold. */
  done: boolean
  /** The key's version now; undefined when there is no such key. No version is ever given twice. */
  version: number | undefined
}

export interface StoredValue {
  value: unknown
  version: number
  /** Milliseconds that are left to it; undefined for a permanent key. */
  expiresIn: number | undefined
}

export interface ScanOptions {
  /** Keys at most; the store gives fewer when their values are large, but one at least. */
  limit?: number | undefined
  /** Begins behind this key: a page's `next`. */
  after?: string | undefined
}

export interface ScanPage {
  /** In the order of their UTF-16 code units. */
  entries: (StoredValue & { key: string })[]
  /** What `after` takes to go on; undefined at the end. */
  next: string | undefined
}

export interface AddOptions {
  /** Milliseconds from the add that began the counter; later ones do not change it. */
  ttl?: number | undefined
}

export interface Counted {
  total: number
  /** Milliseconds until it begins anew; undefined when it never does. */
  expiresIn: number | undefined
}

/**
 * Gets a value, with its position if an append published it. A listener that returns a promise is slow until it
 * settles. Listeners of one worker share the value.
 */
export type ChannelListener = (value: unknown, entry: EntryPosition | undefined) => void | Promise<void>

export interface StoreBack {
  /** The same store, with its data and epochs. False: a new one, which is empty. */
  kept: boolean
}

/** What each call of a batch gets is settled for itself. */
export type BatchMethod = Exclude<
  keyof Store,
  'outlivesWorker' | 'batch' | 'subscribe' | 'onLost' | 'onBack' | 'dispose' | typeof Symbol.asyncDispose
>
export type BatchCall = { [M in BatchMethod]: readonly [M, ...Parameters<Store[M]>] }[BatchMethod]
export type BatchResults<C extends readonly BatchCall[]> = {
  -readonly [I in keyof C]: PromiseSettledResult<Awaited<ReturnType<Store[C[I][0]]>>>
}

export interface Store extends AsyncDisposable {
  /** What is in it is still there when this worker is gone. False: it is this worker's memory. */
  readonly outlivesWorker: boolean

  /** Adds an entry to a stream, which is made if need be. */
  append(stream: string, value: unknown, options?: AppendOptions): Promise<Appended>
  read(stream: string, options?: ReadOptions): Promise<StreamPage>
  /** Drops the entries with smaller offsets; resolves with how many there were. */
  trim(stream: string, before: number): Promise<number>
  /** Forgets a stream with its position; false when there was none. */
  remove(stream: string): Promise<boolean>

  get(key: string): Promise<StoredValue | undefined>
  set(key: string, value: unknown, options?: SetOptions): Promise<SetResult>
  /** False when there was no such key, or not of that version. */
  delete(key: string, options?: { ifVersion?: number | undefined }): Promise<boolean>
  /** Gets and deletes at once: of several takers one gets the value. */
  take(key: string): Promise<StoredValue | undefined>
  /** The keys that begin with `prefix`. */
  scan(prefix: string, options?: ScanOptions): Promise<ScanPage>

  /** Adds an integer to a counter; counters and keys do not share names. One that comes to 0 is forgotten, with its ttl. */
  add(key: string, n: number, options?: AddOptions): Promise<Counted>

  /** Gives a value to all workers that listen now; resolves with how many those are. */
  publish(channel: string, value: unknown): Promise<number>
  /**
   * Resolves with the undo once the listener hears everything that is published. What one that is too slow has missed
   * is counted to `onMissed` before the next value. Listening goes on after the store was lost and is back.
   */
  subscribe(
    channel: string,
    listener: ChannelListener,
    onMissed?: (count: number) => void,
  ): Promise<() => void>

  /**
   * Calls in one round trip, done in their order with nothing between them. Each succeeds or fails for itself.
   *
   * @example const [taken, set] = await store.batch([['take', 'token:1'], ['set', 'token:2', session]])
   */
  batch<const C extends readonly BatchCall[]>(calls: C): Promise<BatchResults<C>>

  /** The store is out of reach: calls reject until it is back. Returns the undo. */
  onLost(listener: (reason: Error) => void): () => void
  /** It is back and the subscriptions hold again. Returns the undo. */
  onBack(listener: (back: StoreBack) => void): () => void

  /** Lets go of it; an in-worker store is gone with its data. */
  dispose(): Promise<void>
}
