/**
 * Every error a peer can be told of, in one table: what it means, whether the same request may be sent again, and the
 * close code where the connection ends with it.
 * @module
 */
import { CLOSE, type CloseName } from './close-codes.ts'

export type HydrogenErrorCategory = 'connection' | 'protocol' | 'authentication' | 'application'

/** What the original Hydrogen calls it on the wire; its two rate limits are numbers. */
export type OriginalCode = 'auth_failed' | 'invalid_message' | 'server_error' | 4291 | 4292

interface HydrogenErrorKind {
  readonly category: HydrogenErrorCategory
  readonly message: string
  /** The same request may succeed later. */
  readonly retryable: boolean
  /** The name or number existing clients know. */
  readonly original?: OriginalCode
  /** The connection ends with this. */
  readonly close?: CloseName
}

const protocol = (message: string, close?: CloseName): HydrogenErrorKind => ({
  category: 'protocol',
  message,
  retryable: false,
  original: 'invalid_message',
  ...(close && { close }),
})

const authentication = (message: string, close?: CloseName): HydrogenErrorKind => ({
  category: 'authentication',
  message,
  retryable: false,
  original: 'auth_failed',
  ...(close && { close }),
})

const connection = (message: string, retryable: boolean, close?: CloseName): HydrogenErrorKind => ({
  category: 'connection',
  message,
  retryable,
  ...(close && { close }),
})

const application = (message: string, retryable = false): HydrogenErrorKind => ({
  category: 'application',
  message,
  retryable,
})

export const HYDROGEN_ERRORS = {
  slow: connection('The reader is too slow', true, 'slow'),
  overflow: connection('Too much is queued that may not be dropped', true, 'overflow'),
  replaced: connection('The session continues on another connection', false, 'replaced'),
  shutdown: connection('The server is going down', true, 'shutdown'),
  no_pong: connection('No pong in time', true, 'noPong'),
  idle: connection('No activity for too long', true, 'idle'),
  rate_limit_messages: { ...connection('Too many messages', true), original: 4291 },
  rate_limit_bytes: { ...connection('Too many bytes', true), original: 4292 },
  banned: connection('Refused for a while', true, 'banned'),

  invalid_json: protocol('Not JSON'),
  too_long: protocol('The message is too long'),
  too_deep: protocol('The message is nested too deeply'),
  too_many_keys: protocol('The message has too many keys'),
  bad_key: protocol('The message has a key that is not allowed'),
  not_an_object: protocol('The message is no JSON object'),
  missing_field: protocol('A field is missing'),
  mistyped_field: protocol('A field is of the wrong type'),
  bad_value: protocol('A field has a value that is not allowed'),
  control_character: protocol('An id or a name has a control character'),
  unexpected_type: protocol('A client may not send this type of message'),
  binary_message: protocol('Messages are text', 'unsupportedData'),
  ack_ahead: protocol('The acknowledgment names what was not sent yet'),
  cseq_gap: protocol('A command is missing before this one'),
  too_many_errors: protocol('Too many invalid messages', 'tooManyErrors'),

  key_missing: authentication('A key is required', 'unauthorized'),
  key_invalid: authentication('The key is not valid', 'unauthorized'),
  token_missing: authentication('A token is required'),
  token_invalid: authentication('The token is not valid'),
  token_expired: authentication('The token has expired'),
  signature_missing: authentication('A signature is required'),
  signature_invalid: authentication('The signature is not valid'),
  signature_stale: authentication('The signature is too old, or from the future'),
  signature_replayed: authentication('The signature was used before'),
  session_unknown: authentication('No such session'),
  session_expired: authentication('The session has expired'),
  session_user: authentication('The session is another user\u2019s'),
  session_reused: authentication('The resume token was used before: the session has ended', 'sessionEnded'),
  revoked: authentication('The permission was withdrawn'),
  forbidden: authentication('Not permitted'),

  unknown_channel: application('No such channel'),
  unknown_action: application('No such action'),
  unknown_topic: application('No such topic'),
  bad_topic: application('Not the name of a topic'),
  bad_filter: application('Not a filter'),
  too_many_subscriptions: application('Too many subscriptions'),
  response_forgotten: application('The command was run; its response is no longer kept'),
  in_progress: application('The command is still being run', true),
  timed_out: application('No answer in time', true),
  busy: application('Too much to do', true),
  server_error: { ...application('The server failed', true), original: 'server_error' },
} as const satisfies Record<string, HydrogenErrorKind>

export type HydrogenErrorCode = keyof typeof HYDROGEN_ERRORS

/** An error as a response carries it. */
export interface WireError {
  /** The original's name where it had one, else the same as `reason`. */
  code: HydrogenErrorCode | OriginalCode
  /** The row of the table. */
  reason: HydrogenErrorCode
  message: string
  category: HydrogenErrorCategory
  retryable: boolean
  /** The field at fault. */
  field?: string
  /** Milliseconds after which to try again. */
  retryAfter?: number
  details?: unknown
}

export interface ErrorFacts {
  readonly message?: string
  readonly field?: string
  readonly retryAfter?: number
  readonly details?: unknown
}

/** Where the table says so, the close code that ends the connection with this error. */
export function closeCodeOf(code: HydrogenErrorCode): number | undefined {
  const { close } = HYDROGEN_ERRORS[code] as HydrogenErrorKind
  return close && CLOSE[close].code
}

/** The `error` of a response. */
export function wireError(code: HydrogenErrorCode, facts: ErrorFacts = {}): WireError {
  const kind: HydrogenErrorKind = HYDROGEN_ERRORS[code]
  const wire: WireError = {
    code: kind.original ?? code,
    reason: code,
    message: facts.message ?? kind.message,
    category: kind.category,
    retryable: kind.retryable,
  }
  if (facts.field !== undefined) wire.field = facts.field
  if (facts.retryAfter !== undefined) wire.retryAfter = facts.retryAfter
  if (facts.details !== undefined) wire.details = facts.details
  return wire
}

/** A row of the table, thrown. */
export class HydrogenError extends Error {
  override readonly name = 'HydrogenError'
  readonly code: HydrogenErrorCode
  readonly facts: ErrorFacts

  constructor(code: HydrogenErrorCode, facts: ErrorFacts = {}) {
    super(facts.message ?? HYDROGEN_ERRORS[code].message)
    this.code = code
    this.facts = facts
  }

  get category(): HydrogenErrorCategory {
    return HYDROGEN_ERRORS[this.code].category
  }

  get retryable(): boolean {
    return HYDROGEN_ERRORS[this.code].retryable
  }

  toWire(): WireError {
    return wireError(this.code, { message: this.message, ...this.facts })
  }
}
