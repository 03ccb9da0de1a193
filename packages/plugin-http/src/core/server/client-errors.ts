/**
 * What clients are told when they do not speak HTTP as they should.
 * @module
 */
import { PROBLEM_TYPE, problemText, problemTitle } from '../problem.ts'
import { assemble } from './head.ts'

/** Why a connection, or a stream, cannot go on. */
export interface ProtocolFailure {
  status: 400 | 408 | 413 | 417 | 431 | 501 | 505
  /** The parser's code. */
  code: string
  /** What the client is told beyond what the status says. */
  detail?: string
}

/** Codes of node:http's parser that are not a plain 400. */
const STATUSES: Readonly<Record<string, ProtocolFailure['status']>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

const DETAILS: Readonly<Record<ProtocolFailure['status'], string>> = {
  400: 'The request is not valid HTTP.',
  408: 'The request did not arrive in time.',
  413: 'The chunk extensions are too large.',
  417: 'The server knows 100-continue only.',
  431: 'The header is too large.',
  501: 'CONNECT is for proxies.',
  505: 'This is for HTTP/1.1.',
}

/** What a `clientError` means; undefined for an error of the socket itself. */
export function protocolFailure(error: NodeJS.ErrnoException): ProtocolFailure | undefined {
  const { code = '' } = error
  const status = STATUSES[code] ?? (code.startsWith('HPE_') ? 400 : undefined)
  return status && { status, code }
}

export function problemDetail(failure: ProtocolFailure): string {
  return failure.detail ?? DETAILS[failure.status]
}

/**
 * A whole response for a client whose request has none of node:http's: it could not be parsed.
 *
 * @param detail In ASCII.
 * @param defaults The listener's header fields, names and values in turn.
 * @returns Latin-1 text, as header fields are.
 */
export function rawProblem(status: number, detail: string, defaults: readonly string[]): string {
  const text = problemText(status, detail)
  const own = ['Date', new Date().toUTCString(), 'Content-Type', PROBLEM_TYPE, 'Connection', 'close']
  const { fields } = assemble(own, defaults, false, false)
  fields.push('Content-Length', String(text.length))
  let head = `HTTP/1.1 ${status} ${problemTitle(status)}\r\n`
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`
  return `${head}\r\n${text}`
}
