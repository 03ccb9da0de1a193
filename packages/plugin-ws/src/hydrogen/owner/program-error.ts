/**
 * What a program tells a client of a command that failed.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { dataText } from '../../owner/json.ts'
import { hasControlCharacter } from '../envelope/names.ts'
import { HYDROGEN_ERRORS, type HydrogenErrorCode, type WireError, wireError } from '../errors.ts'

export interface ProgramErrorFacts {
  /** For people. @default the one of the table, else the code */
  readonly message?: string
  /** Anything that can be JSON. */
  readonly details?: unknown
  /** The field at fault. */
  readonly field?: string
  /** Milliseconds after which to try again. */
  readonly retryAfter?: number
  /** The same command may succeed later. @default as the table says, else false */
  readonly retryable?: boolean
}

const MARK = Symbol.for('unisock.hydrogen.ProgramError')
const MAX_CODE = 128

/** An error that the client is told of; made by {@link hydrogenError}. */
export class ProgramError extends Error {
  override readonly name = 'HydrogenError'
  readonly code: string
  readonly details: unknown
  /** JSON text of what crosses. */
  readonly [MARK]: string

  constructor(code: string, facts: ProgramErrorFacts) {
    const wire = toWire(code, facts)
    super(wire.message)
    this.code = code
    this.details = facts.details
    this[MARK] = dataText(wire, 'reply')
  }
}

/**
 * An error for a handler to throw: the client is told of it, and of nothing else that is thrown. A code of the table
 * (`forbidden`, `busy` …) has its category; any other is the program's own.
 *
 * @example
 * throw hydrogenError('out_of_paper', { message: 'Tray 2 is empty', details: { tray: 2 }, retryable: true })
 * @throws {SocketError} `EINVAL` for what is no code, `ETYPENOTSUPP` for details that cannot be JSON.
 */
export function hydrogenError(
  code: HydrogenErrorCode | (string & {}),
  facts: ProgramErrorFacts = {},
): ProgramError {
  if (typeof code !== 'string' || code === '' || code.length > MAX_CODE || hasControlCharacter(code))
    throw new SocketError('EINVAL', 'the code of an error is 1 to 128 printable characters', { op: 'reply' })
  return new ProgramError(code, facts)
}

/** JSON text of the error as the client gets it; undefined for an error that is none of its business. */
export function errorText(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null
    ? (error as Partial<Record<typeof MARK, string>>)[MARK]
    : undefined
}

/** JSON text of an error of the table. */
export function tableErrorText(code: HydrogenErrorCode): string {
  return JSON.stringify(wireError(code))
}

interface ProgramWireError extends Omit<WireError, 'code' | 'reason'> {
  code: string | number
  reason: string
}

function toWire(code: string, { retryable, ...facts }: ProgramErrorFacts): ProgramWireError {
  const wire: ProgramWireError = isTableCode(code)
    ? wireError(code, facts)
    : {
        ...wireError('server_error', facts),
        code,
        reason: code,
        message: facts.message ?? code,
        retryable: false,
      }
  if (retryable !== undefined) wire.retryable = retryable
  return wire
}

function isTableCode(code: string): code is HydrogenErrorCode {
  return Object.hasOwn(HYDROGEN_ERRORS, code)
}
