/**
 * Writes messages. An event's text is built once for all who get it; what differs from one to the next goes at its end.
 * @module
 */
import type { WireError } from '../errors.ts'
import type { Gap, Lane } from './types.ts'

/** What all receivers of an event get alike. */
export interface EventParts {
  readonly id: string
  /** ISO 8601. */
  readonly timestamp: string
  readonly channel: string
  readonly action: string
  readonly topic?: string | undefined
  readonly offset?: number | undefined
  readonly epoch?: string | undefined
  readonly ack?: boolean | undefined
  readonly prio?: Lane | undefined
}

/** What differs from one receiver to the next. */
export interface ReceiverParts {
  readonly seq?: number | undefined
  readonly attempt?: number | undefined
  readonly prev?: number | undefined
  readonly gap?: Gap | undefined
  /** This receiver is to acknowledge it. */
  readonly ack?: boolean | undefined
}

/** An event as text, complete but for what differs and the closing brace. */
export class EncodedEvent {
  readonly id: string
  /** The text without its closing brace. */
  readonly open: string
  /** Bytes of the whole in UTF-8, without receivers' parts. */
  readonly bytes: number
  #plain: string | undefined

  constructor(id: string, open: string) {
    this.id = id
    this.open = open
    this.bytes = Buffer.byteLength(open) + 1
  }

  /** The text for all who get it without parts of their own: one string, however many they are. */
  get plain(): string {
    this.#plain ??= `${this.open}}`
    return this.#plain
  }

  /** The text for one receiver. */
  withParts({ seq, attempt, prev, gap, ack }: ReceiverParts): string {
    let text = this.open
    if (ack) text += ',"ack":true'
    if (seq !== undefined) text += `,"seq":${seq}`
    if (attempt !== undefined) text += `,"attempt":${attempt}`
    if (prev !== undefined) text += `,"prev":${prev}`
    if (gap !== undefined) text += `,"gap":{"from":${gap.from},"to":${gap.to}}`
    return `${text}}`
  }
}

/** The text of an event without its closing brace. */
export function openText(parts: EventParts, data: string | undefined): string {
  const { id, timestamp, channel, action, topic, offset, epoch, ack, prio } = parts
  const text = JSON.stringify({ type: 'event', id, timestamp, channel, action, topic, offset, epoch })
  let open = text.slice(0, -1)
  if (ack) open += ',"ack":true'
  if (prio !== undefined) open += `,"prio":${prio}`
  if (data !== undefined) open += `,"data":${data}`
  return open
}

/** What a response says besides which command it answers. */
export interface ResponseParts {
  readonly id: string
  readonly timestamp: string
  /** The id of the command; null where that could not be read. */
  readonly re: string | null
  readonly channel?: string | undefined
  readonly action?: string | undefined
  readonly cseq?: number | undefined
}

/** The answer of a command that succeeded. */
export function encodeResponse(parts: ResponseParts, data?: unknown): string {
  return encodeResponseText(parts, true, JSON.stringify(data))
}

/** The answer of a command that failed. */
export function encodeFailure(parts: ResponseParts, error: WireError): string {
  return encodeResponseText(parts, false, JSON.stringify(error))
}

/** `content` is JSON text: the data, or of a command that failed the error. */
export function encodeResponseText(parts: ResponseParts, ok: boolean, content: string | undefined): string {
  const { id, timestamp, re, channel, action, cseq } = parts
  const text = JSON.stringify({ type: 'response', id, timestamp, re, ok, channel, action, cseq })
  return content === undefined ? text : `${text.slice(0, -1)},"${ok ? 'data' : 'error'}":${content}}`
}
