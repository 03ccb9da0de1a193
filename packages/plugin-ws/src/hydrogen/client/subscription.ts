/**
 * A subscription: its events, one after the other or to a handler.
 * @module
 */
import type { Lane } from '../envelope/types.ts'
import type { Filter } from '../topics/filter.ts'
import { Emitter } from './emitter.ts'
import type { HydrogenEvent } from './event.ts'
import type { Missed, TopicPosition } from './positions.ts'

export interface SubscribeOptions {
  /** On the attributes of publications; only what it lets through comes. */
  readonly filter?: Filter
  /** 1 high, 2 normal, 3 bulk: how soon its events are sent when much waits. @default the topic's */
  readonly lane?: Exclude<Lane, 0>
  /**
   * Whether events are delivered until they are acknowledged. `true`: by itself, when the handler has returned or its
   * promise is fulfilled, or when the next event is taken; a handler that fails has it sent again. `manual`: by the
   * program, with `event.ack()`. @default the topic's, acknowledged by itself
   */
  readonly ack?: boolean | 'manual'
  /** Where not everything can be recovered, what there is. @default false: then it goes on with what is new */
  readonly partial?: boolean
  /** The newest publication at once. */
  readonly last?: boolean
  /** Where to begin. @default with what is new */
  readonly position?: TopicPosition
  /** Events that may wait for the program; of those without acknowledgment the oldest give way. @default 1024 */
  readonly buffer?: number
}

export interface Presence {
  readonly topic: string
  readonly user: string
}

export interface SubscriptionEvents {
  /** Something is missing, and will not come. */
  gap: Missed
  join: Presence
  leave: Presence
  /** It is over; with an error, unless it was unsubscribed from. */
  end: Error | undefined
}

export type EventHandler<T> = (event: HydrogenEvent<T>) => unknown

export interface Subscription<T = unknown> extends AsyncIterable<HydrogenEvent<T>>, AsyncDisposable {
  /** The topic or the pattern. */
  readonly topic: string
  /** Where the client is: in this topic, or in one of the pattern. Undefined: nothing of it is known. */
  position(topic?: string): TopicPosition | undefined
  on<K extends keyof SubscriptionEvents>(
    name: K,
    listener: (value: SubscriptionEvents[K]) => void,
  ): () => void
  /** No event comes after this returned; resolves when the server knows. */
  unsubscribe(): Promise<void>
  /**
   * Takes the events that no handler was given for. An event is done when the next one is taken; the one at which a loop
   * is left is sent again, unless it was acknowledged.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<HydrogenEvent<T>>
}

/** What a subscription needs of its client. */
export interface SubscriptionHost {
  position(topic: string): TopicPosition | undefined
  unsubscribe(subscription: ActiveSubscription): Promise<void>
  failed(error: unknown): void
}

const DEFAULT_BUFFER = 1024
const END = { done: true, value: undefined } as const

export class ActiveSubscription implements Subscription<any> {
  readonly topic: string
  readonly options: SubscribeOptions
  /** The server has it, or had it in an earlier session. */
  established = false
  /** Events of the client that came before it was made. */
  since = 0
  /** Topics that were not named in the answer begin after it. */
  startsWithTopic = false
  readonly #host: SubscriptionHost
  readonly #handler: EventHandler<any> | undefined
  readonly #events = new Emitter<SubscriptionEvents>()
  readonly #queue: HydrogenEvent[] = []
  readonly #takers: ((wake: unknown) => void)[] = []
  ended = false
  #error: Error | undefined

  constructor(
    host: SubscriptionHost,
    topic: string,
    options: SubscribeOptions,
    handler: EventHandler<any> | undefined,
  ) {
    this.#host = host
    this.topic = topic
    this.options = options
    this.#handler = handler
  }

  get manual(): boolean {
    return this.options.ack === 'manual'
  }

  position(topic = this.topic): TopicPosition | undefined {
    return this.#host.position(topic)
  }

  on<K extends keyof SubscriptionEvents>(
    name: K,
    listener: (value: SubscriptionEvents[K]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  emit<K extends keyof SubscriptionEvents>(name: K, value: SubscriptionEvents[K]): void {
    this.#events.emit(name, value)
  }

  unsubscribe(): Promise<void> {
    return this.#host.unsubscribe(this)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe()
  }

  /** An event for the program. */
  push(event: HydrogenEvent): void {
    if (this.#handler) return this.#handle(event, this.#handler)
    this.#queue.push(event)
    const oldest = this.#queue[0]!
    if (this.#queue.length > (this.options.buffer ?? DEFAULT_BUFFER) && !oldest.wantsAck) {
      this.#queue.shift()
      const { topic, epoch, offset } = oldest
      if (topic !== undefined && epoch !== undefined && offset !== undefined)
        this.emit('gap', { topic, epoch, reason: 'overflow', from: offset, to: offset })
    }
    this.#takers.shift()?.(undefined)
  }

  /** No more events; those that wait are not given out any more. */
  end(error?: Error): void {
    if (this.ended) return
    this.ended = true
    this.#error = error
    for (const event of this.#queue.splice(0)) event.nak()
    for (const wake of this.#takers.splice(0)) wake(undefined)
    this.emit('end', error)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<HydrogenEvent<any>> {
    let taken: HydrogenEvent | undefined
    const leave = (kind: 'ack' | 'nak'): void => {
      if (!this.manual) taken?.[kind]()
      taken = undefined
    }
    return {
      next: async () => {
        leave('ack')
        while (!this.ended && this.#queue.length === 0)
          await new Promise(resolve => this.#takers.push(resolve))
        if (this.#error) throw this.#error
        taken = this.#queue.shift()
        return taken ? { done: false, value: taken } : END
      },
      return: async () => {
        leave('nak')
        return END
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  #handle(event: HydrogenEvent, handler: EventHandler<any>): void {
    try {
      const result = handler(event)
      if (!isPromise(result)) return this.#settle(event)
      result.then(
        () => this.#settle(event),
        error => this.#fail(event, error),
      )
    } catch (error) {
      this.#fail(event, error)
    }
  }

  #settle(event: HydrogenEvent): void {
    if (!this.manual) event.ack()
  }

  #fail(event: HydrogenEvent, error: unknown): void {
    event.nak()
    this.#host.failed(error)
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
