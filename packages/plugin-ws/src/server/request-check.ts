/**
 * The client's half of the opening handshake, requirement by requirement (RFC 6455 section 4.2.1).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Refusal } from './refusal.ts'

/** The base64 of 16 bytes. */
const KEY = /^[+/0-9A-Za-z]{22}==$/
const UPGRADE = { Upgrade: 'websocket' }

/** What the request lacks; undefined when it is a handshake. */
export function checkRequest(request: IncomingMessage): Refusal | undefined {
  const { method, headers, httpVersionMajor, httpVersionMinor } = request
  if (method !== 'GET')
    return {
      ...bad(405, 'A WebSocket is opened with GET.', { Allow: 'GET' }),
      toHead: method === 'HEAD',
    }
  if (httpVersionMajor !== 1 || httpVersionMinor < 1) return bad(505, 'A WebSocket is opened over HTTP/1.1.')
  if (countOf(request, 'host') !== 1) return bad(400, 'A request has exactly one Host.')
  if (headers.upgrade === undefined) return bad(426, 'This is a WebSocket server.', UPGRADE)
  if (!lists(headers.upgrade, 'websocket')) return bad(400, 'Upgrade does not name websocket.')
  if (!lists(headers.connection, 'upgrade')) return bad(400, 'Connection does not name Upgrade.')
  if (headers['sec-websocket-version'] !== '13')
    return bad(426, 'The version of the protocol is 13.', { ...UPGRADE, 'Sec-WebSocket-Version': '13' })
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    return bad(400, 'Sec-WebSocket-Key is not 16 bytes in base64.')
  if (hasBody(request)) return bad(400, 'A handshake has no body.')
  return undefined
}

function bad(status: number, reason: string, headers?: Record<string, string>): Refusal {
  return { status, reason, ...(headers && { headers }) }
}

function countOf({ rawHeaders }: IncomingMessage, name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === name) count++
  return count
}

/** Whether a comma-separated list has a word, in any case. */
function lists(value: string | undefined, word: string): boolean {
  return (value ?? '').split(',').some(part => part.trim().toLowerCase() === word)
}

/** Bytes behind the head are taken for frames: they must not be a body. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
