/**
 * Problem documents: RFC 9457, media type `application/problem+json`.
 * @module
 */
import { problemTitle } from '@unisock/plugin-http/core'

/** The members of a problem document; further ones are extensions (RFC 9457 section 3.2). */
export interface ProblemDocument {
  type?: string
  title: string
  status: number
  detail?: string
  instance?: string
  [extension: string]: unknown
}

const MARK = Symbol.for('unisock.problem')

/** An error that becomes the response: what {@link problem} makes. */
export interface Problem extends Error {
  readonly status: number
  readonly document: ProblemDocument
  /** Response headers that belong to the problem, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>> | undefined
}

export interface ProblemExtensions {
  type?: string
  title?: string
  instance?: string
  /** Response headers; not part of the document. */
  headers?: Readonly<Record<string, string>>
  [extension: string]: unknown
}

/**
 * An error that a handler throws to answer with a problem document.
 *
 * @param status 400-599.
 * @param detail For the client to read: this occurrence, not the class of problem.
 * @param extensions Further members; `type`, `title` and `instance` replace the defaults, `headers` become
 * headers.
 * @throws {RangeError} when the status is no error's.
 * @example throw problem(404, `no user ${id}`)
 */
export function problem(status: number, detail?: string, extensions: ProblemExtensions = {}): Problem {
  if (!Number.isInteger(status) || status < 400 || status > 599)
    throw new RangeError(`problem: status must be an integer from 400 to 599, got ${status}`)
  const { headers, ...members } = extensions
  const document = problemDocument(status, detail, members)
  return Object.assign(new Error(detail ?? document.title), {
    name: 'Problem',
    [MARK]: true,
    status,
    document,
    headers,
  })
}

/** The document alone. With `type` `about:blank` the title is the status's (RFC 9457 section 4.2.1). */
export function problemDocument(
  status: number,
  detail?: string,
  extensions: Readonly<Record<string, unknown>> = {},
): ProblemDocument {
  const document = { type: 'about:blank', title: problemTitle(status), ...extensions, status }
  return detail === undefined ? document : { ...document, detail }
}

/** Recognises a problem of any copy of this package. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARK] === true
}
