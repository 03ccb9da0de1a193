/**
 * How much a client may ask for: 447.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import type { LaneOverflow } from '../lanes/options.ts'
import { family, MODES } from './family.ts'

/** What may wait in one lane of a connection. */
export interface LaneLimits {
  /** @default 262144 in the lane control, 1048576 in the others */
  bytes?: number
  /** Whether the oldest goes or the connection does. @default 'drop-oldest' in the lane bulk, 'close' in the others */
  overflow?: LaneOverflow
  /** The share against the other lanes. @default high 16, normal 4, bulk 1 */
  weight?: number
}

/** How events that are to be acknowledged are sent again. Times are seconds. */
export interface DeliveryLimits {
  /** Events of a session that may be unacknowledged. @default 256 */
  window?: number
  /** Bytes of them. @default 1048576 */
  windowBytes?: number
  /** Until an event is sent again, while no round trip was measured. @default 5 */
  ackWait?: number
  /** At least and at most, once one was. @default 1 */
  minAckWait?: number
  /** @default 60 */
  maxAckWait?: number
  /** Pauses between an acknowledgment that did not come and the next sending. @default [1, 5, 15, 30] */
  backoff?: readonly number[]
  /** How much of a pause is left to chance. @default 0.2 */
  jitter?: number
  /** Sendings, the last of which makes an event a dead letter. @default 5 */
  maxDeliver?: number
}

/** The limits of a Hydrogen server. Times are seconds. */
export interface HydrogenLimitsOption {
  /** Of one message. */
  message?: {
    /** @default 65536 */
    bytes?: number
    /** Objects and arrays within each other. @default 16 */
    depth?: number
    /** Keys of all its objects. @default 4096 */
    keys?: number
  }
  /** Subscriptions of a session. @default 1000 */
  subscriptions?: number
  /** Commands of a session that may be running. @default 64 */
  commands?: number
  /** Messages in a minute that are against the protocol. @default 10 */
  errors?: number
  /** Until a client has shown who it is. @default 10 */
  authTimeout?: number
  /** Until a command is answered. @default 30 */
  commandTimeout?: number
  /** Bytes that are left to the socket; the rest waits where it may be overtaken. @default 65536 */
  highWater?: number
  lanes?: { control?: LaneLimits; high?: LaneLimits; normal?: LaneLimits; bulk?: LaneLimits }
  delivery?: DeliveryLimits
}

const bytes = { type: 'integer', minimum: 1024, maximum: 2 ** 30 }
const seconds = { type: 'number', exclusiveMinimum: 0, maximum: 3600 }
const count = (maximum: number) => ({ type: 'integer', minimum: 1, maximum })
const lane = (...overflow: LaneOverflow[]) => ({
  type: 'object',
  additionalProperties: false,
  properties: { bytes, overflow: { enum: overflow }, weight: count(1000) },
})

export const HYDROGEN_LIMITS = defineOption({
  number: 447,
  name: 'HYDROGEN_LIMITS',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      message: {
        type: 'object',
        additionalProperties: false,
        properties: {
          bytes: { type: 'integer', minimum: 256, maximum: 2 ** 30 },
          depth: { type: 'integer', minimum: 3, maximum: 1000 },
          keys: { type: 'integer', minimum: 16, maximum: 1_000_000 },
        },
      },
      subscriptions: count(1_000_000),
      commands: count(100_000),
      errors: count(100_000),
      authTimeout: seconds,
      commandTimeout: seconds,
      highWater: bytes,
      lanes: {
        type: 'object',
        additionalProperties: false,
        properties: {
          control: lane('close'),
          high: lane('close', 'drop-oldest'),
          normal: lane('close', 'drop-oldest'),
          bulk: lane('close', 'drop-oldest'),
        },
      },
      delivery: {
        type: 'object',
        additionalProperties: false,
        properties: {
          window: count(65_536),
          windowBytes: bytes,
          ackWait: seconds,
          minAckWait: seconds,
          maxAckWait: seconds,
          backoff: { type: 'array', minItems: 1, maxItems: 20, items: seconds },
          jitter: { type: 'number', minimum: 0, maximum: 1 },
          maxDeliver: count(1000),
        },
      },
    },
    description: 'Limits of messages, sessions, lanes and delivery; times are seconds.',
  },
  value: type<HydrogenLimitsOption>(),
  default: {},
  check: ({ delivery: { minAckWait = 1, maxAckWait = 60 } = {} }) => {
    if (minAckWait > maxAckWait)
      throw new Error(`value.delivery: minAckWait (${minAckWait}) is more than maxAckWait (${maxAckWait})`)
  },
})
