/**
 * The fields of an envelope, each checked by name.
 * @module
 */
import type { HydrogenErrorCode } from '../errors.ts'
import type { EnvelopeLimits } from './limits.ts'
import { hasControlCharacter } from './names.ts'
import { isTimestamp } from './timestamp.ts'

/** What is wrong with a field. */
export type FieldFault = Extract<
  HydrogenErrorCode,
  'missing_field' | 'mistyped_field' | 'bad_value' | 'control_character' | 'too_long'
>

type Check = (value: unknown, limits: EnvelopeLimits) => FieldFault | undefined

type Fields = Record<string, unknown>

function checkText(value: unknown, max: number): FieldFault | undefined {
  if (typeof value !== 'string') return 'mistyped_field'
  if (value === '') return 'bad_value'
  if (value.length > max) return 'too_long'
  return hasControlCharacter(value) ? 'control_character' : undefined
}

const id: Check = (value, limits) => checkText(value, limits.maxIdLength)
const name: Check = (value, limits) => checkText(value, limits.maxNameLength)
const secret: Check = (value, limits) => checkText(value, limits.maxAuthLength)

const flag: Check = value => (typeof value === 'boolean' ? undefined : 'mistyped_field')

/** A whole number from `least`. */
const count =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (value: unknown): FieldFault | undefined => {
    if (typeof value !== 'number') return 'mistyped_field'
    return Number.isSafeInteger(value) && value >= least && value <= most ? undefined : 'bad_value'
  }

const oneOf =
  (...names: readonly string[]): Check =>
  value => {
    if (typeof value !== 'string') return 'mistyped_field'
    return names.includes(value) ? undefined : 'bad_value'
  }

const timestamp: Check = value => {
  if (typeof value !== 'string') return 'mistyped_field'
  return isTimestamp(value) ? undefined : 'bad_value'
}

const isMapping = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const auth: Check = (value, limits) => {
  if (!isMapping(value)) return 'mistyped_field'
  return (
    (value.token === undefined ? undefined : secret(value.token, limits)) ??
    (value.signature === undefined ? undefined : secret(value.signature, limits))
  )
}

const ids: Check = (value, limits) => {
  if (!Array.isArray(value)) return 'mistyped_field'
  if (value.length === 0) return 'bad_value'
  if (value.length > limits.maxIds) return 'too_long'
  for (const one of value) {
    const fault = id(one, limits)
    if (fault !== undefined) return fault
  }
  return undefined
}

const offset = count(1)

const gap: Check = value => {
  if (!isMapping(value)) return 'mistyped_field'
  return offset(value.from) ?? offset(value.to)
}

const idOrNull: Check = (value, limits) => (value === null ? undefined : id(value, limits))

const mapping: Check = value => (isMapping(value) ? undefined : 'mistyped_field')

/** Milliseconds a client may ask for: a day. */
const MAX_DELAY = 86_400_000

/** Every field that is looked at, in the order in which faults are reported. Fields not named here are let through. */
const CHECKS = {
  id,
  channel: name,
  action: name,
  timestamp,
  auth,
  cseq: count(1),
  re: idOrNull,
  ok: flag,
  error: mapping,
  topic: name,
  offset: count(0),
  prev: count(0),
  epoch: id,
  gap,
  ack: flag,
  seq: count(1),
  attempt: count(1),
  prio: count(0, 3),
  ids,
  upto: count(0),
  kind: oneOf('ack', 'nak', 'progress', 'term'),
  delay: count(0, MAX_DELAY),
} as const satisfies Record<string, Check>

export type FieldName = keyof typeof CHECKS

interface Row {
  readonly field: FieldName
  readonly required: boolean
  readonly check: Check
}

const row = (required: boolean, field: FieldName): Row => ({ field, required, check: CHECKS[field] })
const needs = (...fields: FieldName[]): Row[] => fields.map(field => row(true, field))
const may = (...fields: FieldName[]): Row[] => fields.map(field => row(false, field))

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  command: [...needs('id', 'channel', 'action'), ...may('timestamp', 'auth', 'cseq')],
  event: [
    ...needs('id', 'channel', 'action'),
    ...may('timestamp', 'auth', 'topic', 'offset', 'prev', 'epoch', 'gap', 'ack', 'seq', 'attempt', 'prio'),
  ],
  response: [...needs('id', 're', 'ok'), ...may('channel', 'action', 'timestamp', 'auth', 'error', 'cseq')],
  ack: may('id', 'ids', 'upto', 'timestamp', 'auth', 'attempt', 'kind', 'delay'),
}

/** A fault and whose it is. */
export interface FieldError {
  readonly code: FieldFault
  readonly field: string
}

/** The first fault of an object as an envelope. */
export function checkFields(message: Fields, limits: EnvelopeLimits): FieldError | undefined {
  const type = message.type
  if (type === undefined) return { code: 'missing_field', field: 'type' }
  if (typeof type !== 'string') return { code: 'mistyped_field', field: 'type' }
  const rows = Object.hasOwn(ROWS, type) ? ROWS[type] : undefined
  if (rows === undefined) return { code: 'bad_value', field: 'type' }
  for (const { field, required, check } of rows) {
    const value = message[field]
    if (value === undefined) {
      if (required) return { code: 'missing_field', field }
      continue
    }
    const code = check(value, limits)
    if (code !== undefined) return { code, field }
  }
  return type === 'ack' ? checkTarget(message) : undefined
}

/** An acknowledgment names events in exactly one way. */
function checkTarget({ id, ids, upto }: Fields): FieldError | undefined {
  const ways = Number(id !== undefined) + Number(ids !== undefined) + Number(upto !== undefined)
  if (ways === 0) return { code: 'missing_field', field: 'id' }
  return ways > 1 ? { code: 'bad_value', field: 'id' } : undefined
}
