/**
 * Reads a message.
 * @module
 */
import type { HydrogenErrorCode } from '../errors.ts'
import { checkFields } from './fields.ts'
import { DEFAULT_ENVELOPE_LIMITS, type EnvelopeLimits } from './limits.ts'
import { hasControlCharacter } from './names.ts'
import { type DataSpan, scan } from './scan.ts'
import type { Envelope } from './types.ts'

/** Why a text is no message, and what is known of it nevertheless, so that it can be answered. */
export interface ParseError {
  readonly code: Extract<
    HydrogenErrorCode,
    | 'invalid_json'
    | 'not_an_object'
    | 'too_long'
    | 'too_deep'
    | 'too_many_keys'
    | 'bad_key'
    | 'missing_field'
    | 'mistyped_field'
    | 'bad_value'
    | 'control_character'
  >
  /** The field at fault. */
  readonly field?: string
  /** The message's own id, if it is a good one. */
  readonly id?: string
}

export type Parsed =
  | {
      readonly envelope: Envelope
      /** The text of `data` as it was sent, for signatures; empty where there is none. */
      readonly dataText: string
      readonly error?: undefined
    }
  | { readonly envelope?: undefined; readonly dataText?: undefined; readonly error: ParseError }

/** Bytes in UTF-8, if they matter: no character takes more than three for each of its UTF-16 units. */
function isTooLong(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes
}

function goodId(id: unknown, limits: EnvelopeLimits): string | undefined {
  if (typeof id !== 'string' || id === '' || id.length > limits.maxIdLength) return undefined
  return hasControlCharacter(id) ? undefined : id
}

const fail = (code: ParseError['code']): Parsed => ({ error: { code } })

const span: DataSpan = { start: 0, end: 0 }

/** Never throws; the limits hold before `JSON.parse` makes anything of the text. */
export function parseEnvelope(text: string, limits: EnvelopeLimits = DEFAULT_ENVELOPE_LIMITS): Parsed {
  if (isTooLong(text, limits.maxBytes)) return fail('too_long')
  const fault = scan(text, limits, span)
  if (fault !== undefined) return fail(fault)
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return fail('invalid_json')
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return fail('not_an_object')
  const fields = message as Record<string, unknown>
  const error = checkFields(fields, limits)
  if (error === undefined)
    return { envelope: fields as unknown as Envelope, dataText: text.slice(span.start, span.end).trim() }
  const id = error.field === 'id' ? undefined : goodId(fields.id, limits)
  return { error: id === undefined ? error : { ...error, id } }
}
