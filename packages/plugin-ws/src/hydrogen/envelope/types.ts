/**
 * The messages of the protocol: one JSON object each, told apart by `type`.
 * @module
 */
import type { WireError } from '../errors.ts'

/** 0 control, 1 high, 2 normal, 3 bulk; see `lanes.ts`. */
export type Lane = 0 | 1 | 2 | 3

/** Proof that a message is from whom it says. */
export interface EnvelopeAuth {
  token?: string
  /** HMAC-SHA256 in hexadecimal; see `auth/signature.ts`. */
  signature?: string
}

/** Offsets that will not come: `from` to `to`, both included. */
export interface Gap {
  from: number
  to: number
}

interface EnvelopeBase {
  /** ISO 8601. */
  timestamp?: string
  auth?: EnvelopeAuth
}

/** Client to server: asks for something. Always answered. */
export interface CommandEnvelope extends EnvelopeBase {
  type: 'command'
  id: string
  channel: string
  action: string
  data?: unknown
  /** The number of the command in its session, from 1: a repeated one gets the first one's answer. */
  cseq?: number
}

/** Server to client: something happened. */
export interface EventEnvelope extends EnvelopeBase {
  type: 'event'
  id: string
  channel: string
  action: string
  data?: unknown
  /** Where it was published. */
  topic?: string
  /** Its number in the topic, from 1, within `epoch`. */
  offset?: number
  /** The offset of the publication before it that concerned this receiver, where that is not `offset - 1`. */
  prev?: number
  epoch?: string
  /** Offsets of this topic that were dropped before this event. */
  gap?: Gap
  /** It wants an acknowledgment. */
  ack?: boolean
  /** Its number in the session, for acknowledgments up to it. */
  seq?: number
  /** Which sending this is, from 1. */
  attempt?: number
  prio?: Lane
}

/** Server to client: the answer to a command. */
export interface ResponseEnvelope extends EnvelopeBase {
  type: 'response'
  id: string
  /** The id of the command; null where that could not be read. */
  re: string | null
  ok: boolean
  channel?: string
  action?: string
  data?: unknown
  error?: WireError
  cseq?: number
}

/** `ack`: done. `nak`: send it again. `progress`: still at it, do not send it again yet. `term`: never send it again. */
export type AckKind = 'ack' | 'nak' | 'progress' | 'term'

/** Client to server: what became of events. It has one of `id`, `ids` and `upto`, and no id of its own. */
export interface AckEnvelope extends EnvelopeBase {
  type: 'ack'
  /** The event's. */
  id?: string
  ids?: string[]
  /** Every event whose `seq` is not above this. */
  upto?: number
  /** With `id`: which sending of the event is meant. */
  attempt?: number
  /** @default ack */
  kind?: AckKind
  /** With `nak`: milliseconds until it is sent again. */
  delay?: number
}

export type Envelope = CommandEnvelope | EventEnvelope | ResponseEnvelope | AckEnvelope
