/**
 * The deliveries of a session as plain values, to be kept where they outlive the worker.
 * @module
 */
import type { Lane } from '../envelope/types.ts'
import type { AcceptedUpTo } from './accepted.ts'
import type { Deliverable, Message } from './message.ts'

type PlainEvent = [
  id: string,
  topic: string,
  epoch: string,
  offset: number,
  lane: number,
  bytes: number,
  strict: boolean,
  frame: unknown,
]

type PlainMessage = [
  ...event: PlainEvent,
  seq: number,
  attempt: number,
  written: number,
  failures: number,
  until: number,
]

/** Arrays, strings, numbers and booleans; frames are what `write` made of them. */
export interface DeliverySnapshot {
  readonly seq: number
  readonly messages: readonly PlainMessage[]
  readonly pending: readonly PlainEvent[]
  readonly accepted: readonly (readonly [topic: string, epoch: string, offset: number])[]
}

interface Restored<F> {
  readonly lastSeq: number
  readonly messages: readonly Message<F>[]
  readonly pending: readonly Deliverable<F>[]
  readonly accepted: readonly (AcceptedUpTo & { readonly topic: string })[]
}

function writeEvent<F>(event: Deliverable<F>, write: (frame: F) => unknown): PlainEvent {
  const { id, topic, epoch, offset, lane, bytes, strict, frame } = event
  return [id, topic, epoch, offset, lane, bytes, strict, write(frame)]
}

function readEvent<F>(plain: readonly unknown[], read: (frame: unknown) => F): Deliverable<F> {
  const [id, topic, epoch, offset, lane, bytes, strict, frame] = plain as PlainEvent
  return { id, topic, epoch, offset, lane: lane as Lane, bytes, strict, frame: read(frame) }
}

export function snapshot<F>(
  seq: number,
  messages: Iterable<Message<F>>,
  pending: Iterable<Deliverable<F>>,
  accepted: Iterable<readonly [string, AcceptedUpTo]>,
  write: (frame: F) => unknown,
): DeliverySnapshot {
  return {
    seq,
    messages: Array.from(messages, message => [
      ...writeEvent(message, write),
      message.seq,
      message.attempt,
      message.written,
      message.failures,
      message.delayed ? message.deadline : 0,
    ]),
    pending: Array.from(pending, event => writeEvent(event, write)),
    accepted: Array.from(accepted, ([topic, { epoch, offset }]) => [topic, epoch, offset]),
  }
}

export function restore<F>(plain: DeliverySnapshot, read: (frame: unknown) => F): Restored<F> {
  return {
    lastSeq: plain.seq,
    messages: plain.messages.map(one => {
      const [seq, attempt, written, failures, until] = one.slice(8) as [
        number,
        number,
        number,
        number,
        number,
      ]
      // When it was written in relation to others is not kept.
      const writes = { firstWrite: 0, lastWrite: Number.POSITIVE_INFINITY }
      const rest = { attempt, written, failures, sentAt: 0, deadline: until, delayed: until > 0, ...writes }
      return { ...readEvent(one, read), seq, state: 'held', ...rest }
    }),
    pending: plain.pending.map(one => readEvent(one, read)),
    accepted: plain.accepted.map(([topic, epoch, offset]) => ({ topic, epoch, offset })),
  }
}
