/** A row of the opening handshake: what a client asks, and what a server says to it. */
import type { OptionRow } from '../../support/kernel.ts'
import { request } from '../../support/raw.ts'

export interface HandshakeRow {
  clause: string
  title: string
  /** The whole request. */
  given: string | Buffer
  expect: {
    status: number
    /** Of the response; undefined: it is not there. */
    headers?: Record<string, string | undefined>
  }
}

/** Rows for one setting of the server. */
export interface HandshakeGroup {
  name: string
  options: readonly OptionRow[]
  rows: readonly HandshakeRow[]
}

type Headers = Parameters<typeof request>[0]
export type ResponseHeaders = HandshakeRow['expect']['headers']

export const row = (
  clause: string,
  title: string,
  given: string | Buffer,
  status: number,
  headers?: ResponseHeaders,
): HandshakeRow => ({ clause, title, given, expect: { status, ...(headers && { headers }) } })

export const given = (headers: Headers, line?: string): string => request(headers, line)
export const field = (
  clause: string,
  name: string,
  rows: readonly (readonly [
    value: string | string[] | undefined,
    status: number,
    headers?: ResponseHeaders,
  ])[],
): HandshakeRow[] =>
  rows.map(([value, status, headers]) =>
    row(
      clause,
      value === undefined ? 'none' : Array.isArray(value) ? value.join(' / ') : JSON.stringify(value),
      given({ [name]: value }),
      status,
      headers,
    ),
  )
