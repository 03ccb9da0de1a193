/**
 * What commands and subscriptions reject with.
 * @module
 */
import type { HydrogenErrorCategory, HydrogenErrorCode, WireError } from '../errors.ts'

/**
 * What only a client finds. `closed`: the client was closed, or the server wants it no more. `lost`: a connection broke,
 * or did not come about. `session_lost`: the session is gone, and whether the command ran is unknown. `queue_full`: too
 * many commands wait to be sent. `timed_out`: no answer in time; the command may have run.
 */
export type ClientFault = 'closed' | 'lost' | 'session_lost' | 'queue_full' | 'timed_out'

/** An error as the server told it, or one of the client's own. */
export class HydrogenClientError extends Error {
  override readonly name = 'HydrogenClientError'
  /** The original Hydrogen's name where it had one, else the same as `reason`. */
  readonly code: WireError['code'] | ClientFault
  readonly reason: HydrogenErrorCode | ClientFault
  readonly category: HydrogenErrorCategory
  /** The same may succeed later. */
  readonly retryable: boolean
  /** The field at fault. */
  readonly field: string | undefined
  /** Milliseconds after which to try again. */
  readonly retryAfter: number | undefined
  readonly details: unknown

  constructor(
    facts: Pick<HydrogenClientError, 'code' | 'reason' | 'category' | 'retryable'> &
      Partial<HydrogenClientError>,
  ) {
    super(facts.message)
    this.code = facts.code
    this.reason = facts.reason
    this.category = facts.category
    this.retryable = facts.retryable
    this.field = facts.field
    this.retryAfter = facts.retryAfter
    this.details = facts.details
  }
}

/** The error of a response. */
export const told = (error: WireError): HydrogenClientError => new HydrogenClientError(error)

/** One of the client's own. */
export function fault(
  code: ClientFault | HydrogenErrorCode,
  message: string,
  details?: unknown,
): HydrogenClientError {
  const retryable = code !== 'closed' && code !== 'too_long' && code !== 'revoked'
  return new HydrogenClientError({ code, reason: code, category: 'connection', retryable, message, details })
}
