/**
 * The half of a store that is the same wherever its data are: calls become operations, answers values.
 * @module
 */
import { toSocketError } from '../errors.ts'
import { sendableName } from './arguments.ts'
import { CALLS, decodeBatch, encodeBatch } from './calls.ts'
import { TO_STORE } from './operations.ts'
import type {
  AddOptions,
  Appended,
  AppendOptions,
  BatchCall,
  BatchMethod,
  BatchResults,
  ChannelListener,
  Counted,
  ReadOptions,
  ScanOptions,
  ScanPage,
  SetOptions,
  SetResult,
  Store,
  StoreBack,
  StoredValue,
  StreamPage,
} from './store.ts'
import { Subscriptions } from './subscriptions.ts'

export abstract class EncodedStore implements Store {
  abstract readonly outlivesWorker: boolean
  protected readonly subscriptions: Subscriptions

  /** `onError` gets what the listeners of channels throw. */
  constructor(onError: (error: Error) => void) {
    this.subscriptions = new Subscriptions(
      {
        subscribe: channel => this.run(TO_STORE.SUBSCRIBE, [channel]),
        unsubscribe: channel => this.run(TO_STORE.UNSUBSCRIBE, [channel]),
      },
      onError,
    )
  }

  /** Has an operation done. What it is given is taken down at once; later changes are not seen. */
  protected abstract run(op: number, fields: readonly unknown[]): Promise<unknown>
  abstract onLost(listener: (reason: Error) => void): () => void
  abstract onBack(listener: (back: StoreBack) => void): () => void
  abstract dispose(): Promise<void>

  append(stream: string, value: unknown, options?: AppendOptions): Promise<Appended> {
    return this.#call('append', [stream, value, options])
  }

  read(stream: string, options?: ReadOptions): Promise<StreamPage> {
    return this.#call('read', [stream, options])
  }

  trim(stream: string, before: number): Promise<number> {
    return this.#call('trim', [stream, before])
  }

  remove(stream: string): Promise<boolean> {
    return this.#call('remove', [stream])
  }

  get(key: string): Promise<StoredValue | undefined> {
    return this.#call('get', [key])
  }

  set(key: string, value: unknown, options?: SetOptions): Promise<SetResult> {
    return this.#call('set', [key, value, options])
  }

  delete(key: string, options?: { ifVersion?: number | undefined }): Promise<boolean> {
    return this.#call('delete', [key, options])
  }

  take(key: string): Promise<StoredValue | undefined> {
    return this.#call('take', [key])
  }

  scan(prefix: string, options?: ScanOptions): Promise<ScanPage> {
    return this.#call('scan', [prefix, options])
  }

  add(key: string, n: number, options?: AddOptions): Promise<Counted> {
    return this.#call('add', [key, n, options])
  }

  publish(channel: string, value: unknown): Promise<number> {
    return this.#call('publish', [channel, value])
  }

  async subscribe(
    channel: string,
    listener: ChannelListener,
    onMissed?: (count: number) => void,
  ): Promise<() => void> {
    return this.subscriptions.add(sendableName(channel), { listener, onMissed })
  }

  async batch<const C extends readonly BatchCall[]>(calls: C): Promise<BatchResults<C>> {
    const results = await this.run(TO_STORE.BATCH, [encodeBatch(calls)])
    return understood(() => decodeBatch(calls, results)) as BatchResults<C>
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #call<M extends BatchMethod>(
    method: M,
    args: Parameters<Store[M]>,
  ): Promise<Awaited<ReturnType<Store[M]>>> {
    const { op, encode, decode } = CALLS[method]
    const result = await this.run(op, encode(...args))
    return understood(() => decode(result))
  }
}

/** @throws SocketError EPROTO for an answer that is none */
function understood<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw toSocketError(error, 'EPROTO')
  }
}
