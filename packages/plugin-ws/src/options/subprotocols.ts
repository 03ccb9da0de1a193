/**
 * Which subprotocols are spoken: 120 and 127.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { family, TOKEN_PATTERN } from './family.ts'

/** Modes whose messages and subprotocols are the program's. */
const MODES = [30, 31, 32, 33, 36]
const TOKEN = { type: 'string', pattern: TOKEN_PATTERN, maxLength: 255 }

/** A subprotocol, and what is different about it. */
export interface Subprotocol {
  name: string
  /** Whether text that is an object or array in JSON comes as that. @default true */
  json?: boolean
  /** On a server: a client that does not offer any subprotocol is refused. @default false */
  required?: boolean
}

/** Name or names; what a client offers and what a server accepts, best first. */
export type Subprotocols = string | readonly (string | Subprotocol)[]

export const WS_PROTOCOL = defineOption({
  number: 120,
  name: 'WS_PROTOCOL',
  family,
  modes: MODES,
  schema: {
    anyOf: [
      TOKEN,
      {
        type: 'array',
        maxItems: 100,
        items: {
          anyOf: [
            TOKEN,
            {
              type: 'object',
              required: ['name'],
              additionalProperties: false,
              properties: { name: TOKEN, json: { type: 'boolean' }, required: { type: 'boolean' } },
            },
          ],
        },
      },
    ],
    description:
      'Subprotocols that a client offers or a server accepts, best first; { name, json: false } for one whose text is never JSON, { name, required: true } for a server that serves nobody without.',
  },
  value: type<Subprotocols>(),
  check: unique,
})
export const WS_SUBPROTOCOL = defineOption({
  number: 127,
  name: 'WS_SUBPROTOCOL',
  family,
  schema: {
    ...TOKEN,
    description:
      'The subprotocol that was agreed on: asked by query. Set before bind or connect, the only one there is.',
  },
  value: type<string>(),
  when: 'before-bind',
})

function unique(value: Subprotocols): void {
  if (typeof value === 'string') return
  const names = value.map(entry => (typeof entry === 'string' ? entry : entry.name))
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`'${twice}' is listed twice`)
}
