/**
 * Handlers, sessions, status and observers: 445 and 448-450.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import type { HydrogenCommand } from '../owner/command.ts'
import type { DeadLetter, Transition } from '../owner/observed.ts'
import { isTopic } from '../topics/name.ts'
import { checkName, family, MODES } from './family.ts'

/** How sessions outlive their connections. */
export interface HydrogenSession {
  /** Seconds that a session waits for its client. @default 120 */
  ttl?: number
  /** Milliseconds between savings of what has changed. @default 250 */
  save?: number
}

/** What is told of the server's state. */
export interface HydrogenStatus {
  /** Seconds between two events. 0: only who asks is told. @default 10 */
  interval?: number
  /** Where they are published. @default 'system' */
  topic?: string
}

/** Runs a command; what it returns, resolves with or throws is the response. */
export type HydrogenHandler<D = any> = (command: HydrogenCommand<D>) => unknown

/** Functions that are told what happens. */
export interface HydrogenObservers {
  /** An event that could not be delivered. */
  deadLetter?: (letter: DeadLetter) => unknown
  /** A connection went from one state to another. */
  transition?: (transition: Transition) => unknown
}

export const HYDROGEN_HANDLERS = defineOption({
  number: 445,
  name: 'HYDROGEN_HANDLERS',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    maxProperties: 10_000,
    additionalProperties: { isFunction: true },
    description: 'Functions that run commands, by channel; * for every other channel.',
  },
  value: type<Readonly<Record<string, HydrogenHandler>>>(),
  default: {},
  check: handlers => {
    for (const channel of Object.keys(handlers)) checkName('value', channel)
  },
})
export const HYDROGEN_SESSION = defineOption({
  number: 448,
  name: 'HYDROGEN_SESSION',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ttl: { type: 'number', minimum: 1, maximum: 604_800 },
      save: { type: 'integer', minimum: 10, maximum: 60_000 },
    },
    description:
      'Seconds that a session waits for its client to come back (ttl), and milliseconds between savings of what has changed (save).',
  },
  value: type<HydrogenSession>(),
  default: {},
})
export const HYDROGEN_STATUS = defineOption({
  number: 449,
  name: 'HYDROGEN_STATUS',
  family,
  modes: MODES,
  schema: {
    anyOf: [
      { enum: [false] },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          interval: { type: 'number', minimum: 0, maximum: 86_400 },
          topic: { type: 'string', minLength: 1, maxLength: 128 },
        },
      },
    ],
    description:
      'How many seconds apart the status is published, and where; false: it is not even told who asks.',
  },
  value: type<false | HydrogenStatus>(),
  default: {},
  check: value => {
    if (value !== false && value.topic !== undefined && !isTopic(value.topic))
      throw new Error(`value.topic: ${JSON.stringify(value.topic)} is no topic`)
  },
})
export const HYDROGEN_OBSERVERS = defineOption({
  number: 450,
  name: 'HYDROGEN_OBSERVERS',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { deadLetter: { isFunction: true }, transition: { isFunction: true } },
    description:
      'Functions that are told of events that could not be delivered, and of connections that change state.',
  },
  value: type<HydrogenObservers>(),
  default: {},
})
