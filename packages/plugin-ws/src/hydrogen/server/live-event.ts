/**
 * A published event, as it is kept and as it is sent.
 * @module
 */
import { buildFrame } from '../../connection/ws-library.ts'
import { EncodedEvent, openText } from '../envelope/encode.ts'
import type { Gap, Lane } from '../envelope/types.ts'
import type { Publication } from '../history/topic-history.ts'
import type { Attributes } from '../topics/filter.ts'

/** What a program publishes. */
export interface Draft {
  readonly id: string
  readonly channel: string
  readonly action: string
  /** JSON text. */
  readonly data: string | null
  readonly attributes: Attributes | null
  /** Users; null for all. */
  readonly to: readonly string[] | null
  readonly ack: boolean
}

/** A draft as the store keeps it; where it is, the store knows. */
export type StoredEvent = [
  id: string,
  channel: string,
  action: string,
  data: string | null,
  attributes: Attributes | null,
  to: readonly string[] | null,
  ack: boolean,
]

export const toStored = ({ id, channel, action, data, attributes, to, ack }: Draft): StoredEvent => [
  id,
  channel,
  action,
  data,
  attributes,
  to,
  ack,
]

export function fromStored([id, channel, action, data, attributes, to, ack]: StoredEvent): Draft {
  return { id, channel, action, data, attributes, to, ack }
}

/** Where a draft was published. */
export interface Place {
  readonly topic: string
  readonly epoch: string
  readonly offset: number
  readonly lane: Lane
  readonly time: number
}

export type LivePublication = Publication<LiveEvent>

export class LiveEvent extends EncodedEvent {
  /** Who gets it; undefined for all. */
  readonly to: ReadonlySet<string> | undefined
  /** Receivers acknowledge it. */
  readonly ack: boolean
  /** Offsets that will not come: all that it tells. */
  readonly gap: Gap | undefined
  #frame: Buffer | undefined

  constructor(id: string, open: string, ack = false, to?: readonly string[], gap?: Gap) {
    super(id, open)
    this.ack = ack
    this.to = to && new Set(to)
    this.gap = gap
  }

  /** The frame for all who get it without parts of their own; undefined where the library cannot build one. */
  get frame(): Buffer | undefined {
    this.#frame ??= buildFrame(Buffer.from(this.plain), 1)
    return this.#frame
  }
}

/** Dates are written once a millisecond. */
let writtenTime = -1
let writtenDate = ''

/** ISO 8601 of milliseconds since 1970. */
export function isoDate(time: number): string {
  const whole = Math.floor(time)
  if (whole !== writtenTime) {
    writtenTime = whole
    writtenDate = new Date(whole).toISOString()
  }
  return writtenDate
}

export function publishedEvent(
  { id, channel, action, data, to, ack }: Draft,
  { topic, epoch, offset, lane, time }: Place,
): LiveEvent {
  const parts = { id, timestamp: isoDate(time), channel, action, topic, offset, epoch, ack, prio: lane }
  return new LiveEvent(id, openText(parts, data ?? undefined), ack, to ?? undefined)
}

/** An event without a topic. */
export function plainEvent(
  id: string,
  time: number,
  channel: string,
  action: string,
  data: string | null,
): LiveEvent {
  return new LiveEvent(id, openText({ id, timestamp: isoDate(time), channel, action }, data ?? undefined))
}

/** Tells of offsets that will not come. */
export function gapEvent(
  id: string,
  time: number,
  topic: string,
  epoch: string,
  gap: Gap,
  ack: boolean,
): LiveEvent {
  const parts = { id, timestamp: isoDate(time), channel: 'system', action: 'gap', topic, epoch, ack }
  return new LiveEvent(id, openText(parts, undefined), ack, undefined, gap)
}
