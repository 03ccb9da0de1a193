/**
 * How topics behave: 446.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import type { Lane } from '../envelope/types.ts'
import { parsePattern } from '../topics/name.ts'
import { checkPermission, family, MODES } from './family.ts'

/** What is kept of a topic. */
export interface HydrogenHistory {
  /** Events. 0: as if `history` were false. @default 1000 */
  count?: number
  /** Bytes of them. @default 1048576 */
  bytes?: number
  /** Seconds that an event is kept. @default 300 */
  age?: number
  /** Seconds that the topic's epoch and offset outlive its last event; no less than `age`. @default 86400 */
  meta?: number
}

/** A lane by its number, or its name: 1, 2, 3. */
export type LaneName = Lane | 'high' | 'normal' | 'bulk'

/** How the topics of a pattern behave. */
export interface HydrogenTopic {
  /** What a subscriber that was away can still get; false: nothing. */
  history?: false | HydrogenHistory
  /** Receivers acknowledge events; those that do not get them again. @default false */
  ack?: boolean
  /** One event after the other is acknowledged. Needs `ack`. @default false */
  strict?: boolean
  /** @default 2 */
  lane?: LaneName
  /** `join` and `leave` are told, and who is there may be asked. @default false */
  presence?: boolean
  /** A new subscriber gets the last event at once. @default false */
  last?: boolean
  /** An event that still waits gives way to a newer one. Needs the bulk lane. @default false */
  latest?: boolean
  /** What a subscriber needs. @default none */
  permission?: string
}

export const HYDROGEN_TOPICS = defineOption({
  number: 446,
  name: 'HYDROGEN_TOPICS',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    maxProperties: 10_000,
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      properties: {
        history: {
          anyOf: [
            { enum: [false] },
            {
              type: 'object',
              additionalProperties: false,
              properties: {
                count: { type: 'integer', minimum: 0, maximum: 1_000_000 },
                bytes: { type: 'integer', minimum: 1, maximum: 2 ** 30 },
                age: { type: 'number', exclusiveMinimum: 0, maximum: 31_536_000 },
                meta: { type: 'number', exclusiveMinimum: 0, maximum: 31_536_000 },
              },
            },
          ],
        },
        ack: { type: 'boolean' },
        strict: { type: 'boolean' },
        lane: { enum: [0, 1, 2, 3, 'high', 'normal', 'bulk'] },
        presence: { type: 'boolean' },
        last: { type: 'boolean' },
        latest: { type: 'boolean' },
        permission: { type: 'string' },
      },
    },
    description:
      'How topics behave, by pattern (* for one part of a name, > for all that follow): history, acknowledgments, lane, presence. The most specific pattern holds.',
  },
  value: type<Readonly<Record<string, HydrogenTopic>>>(),
  default: {},
  check: checkTopics,
})

function checkTopics(topics: Readonly<Record<string, HydrogenTopic>>): void {
  for (const [pattern, topic] of Object.entries(topics)) {
    if (parsePattern(pattern) === undefined)
      throw new Error(`${JSON.stringify(pattern)} is no pattern of topics`)
    const at = `value['${pattern}']`
    const {
      history = {},
      ack = false,
      strict = false,
      lane,
      last = false,
      latest = false,
      permission,
    } = topic
    const kept = history !== false && history.count !== 0
    if (ack && !kept) throw new Error(`${at}: ack needs a history to send again from`)
    if (last && !kept) throw new Error(`${at}: last needs a history`)
    if (strict && !ack) throw new Error(`${at}: strict needs ack`)
    if (latest && lane !== 3 && lane !== 'bulk') throw new Error(`${at}: latest needs the lane bulk`)
    checkPermission(`${at}.permission`, permission)
  }
}
