/**
 * Server-sent events: an answer made of an async iterable.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { HttpHeaders } from '../headers.ts'
import type { HttpReply } from '../reply.ts'
import { release } from '../stream.ts'
import { formatEvent, type ServerSentEvent } from './format.ts'

/** What events come from: a generator, a Readable in object mode, a web stream. */
export type EventSourceIterable = AsyncIterable<ServerSentEvent | string>

export interface SseOptions {
  /**
   * Milliseconds of silence after which the worker sends a comment, so that nothing on the way takes the connection
   * for dead; 0: never. It does so while the program is busy as well. @default 15000
   */
  ping?: number
  /** Beside those that an event stream has. */
  headers?: HttpHeaders
}

const PING = 15_000

/** Recognised as a REST handler's whole response. */
const REPLY: unique symbol = Symbol.for('unisock.reply') as any

/** An event stream, as `write` takes it and as a REST handler returns it. */
export type EventStream = HttpReply & { readonly [REPLY]: true }

/**
 * An answer that sends each event as it comes. When the client leaves, the iterator's `return` is called; a client
 * that reads slowly holds the iterable up.
 *
 * @example kernel.write(fd, sse(updates(request.last_event_id)))
 */
export function sse(events: EventSourceIterable, { ping = PING, headers }: SseOptions = {}): EventStream {
  if (typeof events?.[Symbol.asyncIterator] !== 'function')
    throw new SocketError('EINVAL', 'sse() takes an async iterable of events')
  return {
    [REPLY]: true,
    headers: {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // nginx would keep events until its buffer is full.
      'X-Accel-Buffering': 'no',
      ...headers,
    },
    body: new EventText(events),
    ping,
  }
}

/** The events' text, one chunk each. */
class EventText implements AsyncIterable<string> {
  readonly #events: EventSourceIterable
  #iterator: AsyncIterator<ServerSentEvent | string> | undefined

  constructor(events: EventSourceIterable) {
    this.#events = events
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    const iterator = this.#events[Symbol.asyncIterator]()
    this.#iterator = iterator
    return {
      async next() {
        const { done, value } = await iterator.next()
        return done ? { done: true, value: undefined } : { done: false, value: formatEvent(value) }
      },
    }
  }

  /** Nobody wants events any more, or ever did. */
  destroy(): void {
    if (release(this.#events as any)) return
    if (this.#iterator) void this.#iterator.return?.()?.catch(() => {})
  }
}
