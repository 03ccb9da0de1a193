/**
 * What crosses between a driver and the program, in both directions. Messages begin with their topic, everything else
 * with a number.
 * @module
 */
import type { PublishProperties, ReceivedProperties, SubscribeProperties } from './properties.ts'

export type QoS = 0 | 1 | 2

/** The bits of a message's third field; the lowest two are its QoS. */
export const QOS = 3
export const RETAIN = 4
export const DUP = 8
/** The payload is text that is to be parsed. */
export const JSON_TEXT = 16

/**
 * A message to be published. `sequence` counts those of QoS 1 and 2 that an fd's program has written, from 1 on; it is 0
 * for the others.
 */
export type PublishWire = [
  topic: string,
  payload: string | Uint8Array,
  bits: number,
  sequence: number,
  properties?: PublishProperties,
]

/** What a program's other writes, and the driver's answers, begin with. */
export const SUBSCRIBE = 1
export const UNSUBSCRIBE = 2
/** All messages up to a sequence number outlive the worker. */
export const CONFIRMED = 3
/** A restarted worker has all messages up to a sequence number. */
export const RESUMED = 4
/** What follows begins behind a sequence number: said to a restarted worker, which takes no message before. */
export const CONTINUE = 9
/** A client of a broker has subscribed, or ceased to be. */
export const SUBSCRIBED = 5
export const UNSUBSCRIBED = 6
/** A broker asks whether a client may connect, publish or subscribe. */
export const MAY_CONNECT = 7
export const MAY_ACCESS = 8

/** A topic filter and how it is subscribed to. */
export type FilterWire = [
  filter: string,
  qos: QoS,
  noLocal: boolean,
  asPublished: boolean,
  retainHandling: number,
]

export type SubscribeWire = [
  op: typeof SUBSCRIBE,
  filters: FilterWire[],
  properties: SubscribeProperties | null,
]
export type UnsubscribeWire = [op: typeof UNSUBSCRIBE, filters: string[]]
export type ContinueWire = [op: typeof CONTINUE, sequence: number]
export type WrittenWire = PublishWire | SubscribeWire | UnsubscribeWire | ContinueWire

export type MessageWire = [
  topic: string,
  payload: string | Buffer,
  bits: number,
  packetId: number,
  properties: ReceivedProperties | null,
]
export type SequenceWire = [op: typeof CONFIRMED | typeof RESUMED, sequence: number]
export type SubscribedWire = [op: typeof SUBSCRIBED, filters: string[], qos: number[]]
export type UnsubscribedWire = [op: typeof UNSUBSCRIBED, filters: string[]]

export type MayConnectWire = [
  op: typeof MAY_CONNECT,
  id: number,
  clientId: string,
  username: string | null,
  password: Buffer | null,
  address: string,
  port: number,
]
export type MayAccessWire = [
  op: typeof MAY_ACCESS,
  id: number,
  action: 'publish' | 'subscribe',
  topic: string,
  qos: QoS,
  retain: boolean,
  clientId: string,
  username: string | null,
]
export type QuestionWire = MayConnectWire | MayAccessWire

/** What the program says of a question; null: it failed to say. */
export type VerdictWire = [id: number, allowed: boolean | null]
