/** A row of the conformance table: what a peer sends on an open connection, and what must come of it. */
import { close, type Part } from './parts.ts'

export type Role = 'server' | 'client'

export interface Row {
  /** The requirement, as section of RFC 6455 unless another is named. */
  clause: string
  /** What the peer sends, in words. */
  title: string
  given: readonly Part[]
  expect: Outcome
  /** Our side; both by default. */
  roles?: readonly Role[]
}

export interface Outcome {
  /** What reaches the program: `text …`, `binary …` in hex, with `compressed ` before it where it came so. */
  messages?: readonly string[]
  /** The payloads of pongs that the peer gets. */
  pongs?: readonly (string | Buffer)[]
  /** The code of the close frame that the peer gets, 1005 for one without; undefined: it gets none. */
  close: number | undefined
  reason?: string
  /** How the program is told of the end: undefined for an orderly one, else the error's code. */
  told?: string
}

/** Taken as it is: the peer closes with 1000 behind it, and is answered so. */
export function taken(
  clause: string,
  title: string,
  given: readonly Part[],
  messages: readonly string[],
  pongs?: readonly (string | Buffer)[],
): Row {
  return {
    clause,
    title,
    given: [...given, close(1000)],
    expect: { messages, close: 1000, ...(pongs && { pongs }) },
  }
}

/** A breach of the protocol: the connection is failed with a code (section 7.1.7), and the program told. */
export function failed(
  clause: string,
  title: string,
  given: readonly Part[],
  code: number,
  before: Omit<Outcome, 'close'> = {},
): Row {
  return { clause, title, given, expect: { told: 'EPROTO', ...before, close: code } }
}

/** The rows that hold for one side only. */
export const only = (role: Role, rows: readonly Row[]): Row[] => rows.map(row => ({ ...row, roles: [role] }))
