/** RFC 6455 section 4.1: what a server answers, and what a client makes of it. */
import { WS_COMPRESSION, WS_PROTOCOL } from '../../../src/index.ts'
import type { OptionRow } from '../../support/kernel.ts'
import { acceptOf } from '../../support/raw.ts'
import { fieldOf, response } from '../support/seat.ts'

export interface AnswerRow {
  clause: string
  title: string
  /** The whole answer to a request. */
  given: (request: string) => string | Buffer
  /** The server ends its side behind the answer. */
  ends?: boolean
  /** What connecting comes to. */
  expect: 'open' | 'EPROTO' | 'EACCES' | 'ECONNREFUSED' | 'ECONNRESET'
}

export interface AnswerGroup {
  name: string
  options: readonly OptionRow[]
  rows: readonly AnswerRow[]
}

type Headers = Parameters<typeof response>[1]
type Verdict = AnswerRow['expect']

const STATUS = 'RFC 6455 §4.1 (1): the status'
const UPGRADE = 'RFC 6455 §4.1 (2): Upgrade'
const CONNECTION = 'RFC 6455 §4.1 (3): Connection'
const ACCEPT = 'RFC 6455 §4.1 (4): Sec-WebSocket-Accept'
const EXTENSIONS = 'RFC 6455 §4.1 (5): Sec-WebSocket-Extensions'
const PROTOCOL = 'RFC 6455 §4.1 (6): Sec-WebSocket-Protocol'
const HTTP = 'RFC 9112: HTTP/1.1'

const row = (
  clause: string,
  title: string,
  given: AnswerRow['given'],
  verdict: Verdict,
  ends = false,
): AnswerRow => ({
  clause,
  title,
  given,
  expect: verdict,
  ...(ends && { ends }),
})
const status = (line: string, verdict: Verdict, headers: Headers = {}): AnswerRow =>
  row(STATUS, line, request => response(request, headers, line), verdict)
const field = (
  clause: string,
  name: string,
  rows: readonly (readonly [string | string[] | undefined, Verdict, string?])[],
): AnswerRow[] =>
  rows.map(([value, verdict, note = '']) =>
    row(
      clause,
      (value === undefined ? 'none' : Array.isArray(value) ? value.join(' / ') : JSON.stringify(value)) +
        note,
      request => response(request, { [name]: value }),
      verdict,
    ),
  )
const accept = (title: string, verdict: Verdict, make: (right: string) => string | string[]): AnswerRow =>
  row(
    ACCEPT,
    title,
    request =>
      response(request, {
        'Sec-WebSocket-Accept': make(acceptOf(fieldOf(request, 'Sec-WebSocket-Key')!)),
      }),
    verdict,
  )

const plain: readonly AnswerRow[] = [
  status('HTTP/1.1 101 Switching Protocols', 'open'),
  status('HTTP/1.1 101', 'open'),
  status('HTTP/1.1 101 Web Socket Protocol Handshake', 'open'),
  status('HTTP/1.0 101 Switching Protocols', 'EPROTO'),
  status('HTTP/2.0 101 Switching Protocols', 'EPROTO'),
  status('HTTP/1.1 200 OK', 'EPROTO', { 'Content-Length': '0' }),
  status('HTTP/1.1 200 OK', 'EPROTO'),
  status('HTTP/1.1 204 No Content', 'EPROTO'),
  status('HTTP/1.1 301 Moved Permanently', 'EPROTO', { Location: 'ws://127.0.0.1:1/' }),
  status('HTTP/1.1 302 Found', 'EPROTO', { Location: '/elsewhere' }),
  status('HTTP/1.1 307 Temporary Redirect', 'EPROTO'),
  status('HTTP/1.1 400 Bad Request', 'EPROTO'),
  status('HTTP/1.1 401 Unauthorized', 'EACCES', { 'WWW-Authenticate': 'Basic' }),
  status('HTTP/1.1 403 Forbidden', 'EACCES'),
  status('HTTP/1.1 404 Not Found', 'EPROTO'),
  status('HTTP/1.1 407 Proxy Authentication Required', 'EPROTO'),
  status('HTTP/1.1 426 Upgrade Required', 'EPROTO', { 'Sec-WebSocket-Version': '14' }),
  status('HTTP/1.1 429 Too Many Requests', 'ECONNREFUSED'),
  status('HTTP/1.1 500 Internal Server Error', 'EPROTO'),
  status('HTTP/1.1 503 Service Unavailable', 'ECONNREFUSED'),
  status('HTTP/1.1 1010 Switching Protocols', 'EPROTO'),
  status('HTTP/1.1 10 Switching Protocols', 'EPROTO'),
  status('HTTP/1.1 1x1 Switching Protocols', 'EPROTO'),
  row(STATUS, '100 before the 101', request => `HTTP/1.1 100 Continue\r\n\r\n${response(request)}`, 'open'),
  row(
    STATUS,
    '103 before the 101',
    request => `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${response(request)}`,
    'open',
  ),

  ...field(UPGRADE, 'Upgrade', [
    ['WebSocket', 'open'],
    ['WEBSOCKET', 'open'],
    [undefined, 'EPROTO'],
    ['', 'EPROTO'],
    ['h2c', 'EPROTO'],
    ['websockets', 'EPROTO'],
    ['websocket, h2c', 'EPROTO'],
    [['websocket', 'websocket'], 'EPROTO'],
  ]),
  ...field(CONNECTION, 'Connection', [
    ['upgrade', 'open'],
    ['UPGRADE', 'open'],
    ['keep-alive, Upgrade', 'open'],
    [['keep-alive', 'Upgrade'], 'open'],
    [undefined, 'EPROTO'],
    ['', 'EPROTO'],
    ['close', 'EPROTO'],
    ['keep-alive', 'EPROTO'],
  ]),
  accept('with spaces around it', 'open', right => `  ${right}\t`),
  accept('of another key', 'EPROTO', () => acceptOf('AAAAAAAAAAAAAAAAAAAAAA==')),
  accept('the key itself', 'EPROTO', () => 'dGhlIHNhbXBsZSBub25jZQ=='),
  accept('in lower case', 'EPROTO', right => right.toLowerCase()),
  accept('without its padding', 'EPROTO', right => right.replace('=', '')),
  accept('in quotes', 'EPROTO', right => `"${right}"`),
  accept('twice', 'EPROTO', right => [right, right]),
  accept('empty', 'EPROTO', () => ''),
  row(ACCEPT, 'none', request => response(request, { 'Sec-WebSocket-Accept': undefined }), 'EPROTO'),

  ...field(`${EXTENSIONS}, none offered`, 'Sec-WebSocket-Extensions', [
    ['permessage-deflate', 'EPROTO'],
    ['x-unknown', 'EPROTO'],
    ['', 'EPROTO'],
    [';', 'EPROTO'],
  ]),
  ...field(`${PROTOCOL}, none offered`, 'Sec-WebSocket-Protocol', [
    ['chat', 'EPROTO'],
    ['', 'EPROTO'],
  ]),

  row(HTTP, 'no HTTP', () => 'hello\r\n\r\n', 'EPROTO'),
  row(HTTP, 'a frame', () => Buffer.from([0x81, 0x02, 0x68, 0x69]), 'EPROTO'),
  row(HTTP, 'the beginning of TLS', () => Buffer.from('15030100020228', 'hex'), 'EPROTO'),
  row(HTTP, 'a field without a name', request => response(request, { '': 'x' }), 'EPROTO'),
  row(
    HTTP,
    'a space before a colon',
    request => response(request).replace('Upgrade:', 'Upgrade :'),
    'EPROTO',
  ),
  row(HTTP, 'a field of 20 KB', request => response(request, { 'X-A': 'a'.repeat(20_000) }), 'EPROTO'),
  row(
    HTTP,
    'a length, which a 101 cannot have, means nothing',
    request => response(request, { 'Content-Length': '5' }),
    'open',
  ),
  row(
    HTTP,
    'names in other cases',
    request => response(request).replace('Sec-WebSocket-Accept', 'SEC-WEBSOCKET-ACCEPT'),
    'open',
  ),
  row(HTTP, 'the end, before any answer', () => '', 'ECONNRESET', true),
  row(
    HTTP,
    'the end, in the middle of the answer',
    request => response(request).slice(0, 40),
    'ECONNRESET',
    true,
  ),
]

const subprotocols: readonly AnswerRow[] = field(PROTOCOL, 'Sec-WebSocket-Protocol', [
  ['chat', 'open'],
  ['game', 'open'],
  [undefined, 'EPROTO', ' (knowingly strict, as the WHATWG has it: RFC 6455 lets it pass)'],
  ['', 'EPROTO'],
  ['x', 'EPROTO'],
  ['Chat', 'EPROTO'],
  ['chat, game', 'EPROTO'],
  [['chat', 'game'], 'EPROTO'],
])

const BOTH = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
const LENIENT = ' (knowingly lenient: what was not accepted costs memory only)'
const deflate: readonly AnswerRow[] = field('RFC 7692 §5.1, §7.1', 'Sec-WebSocket-Extensions', [
  [undefined, 'open'],
  [BOTH, 'open', LENIENT],
  [`${BOTH}; server_max_window_bits=10`, 'open'],
  [`${BOTH}; server_max_window_bits=10; client_max_window_bits=10`, 'open'],
  [`${BOTH}; server_max_window_bits=9; client_max_window_bits=9`, 'open'],
  [`${BOTH}; server_max_window_bits=8; client_max_window_bits=8`, 'open'],
  [`${BOTH}; server_max_window_bits="10"`, 'open'],
  ['permessage-deflate', 'open', LENIENT],
  [`${BOTH}; server_max_window_bits=15`, 'open', LENIENT],
  [`${BOTH}, ${BOTH}`, 'open', ' (knowingly lenient: the first counts)'],
  [`${BOTH}; server_max_window_bits`, 'EPROTO'],
  [`${BOTH}; server_max_window_bits=7`, 'EPROTO'],
  [`${BOTH}; server_max_window_bits=16`, 'EPROTO'],
  [`${BOTH}; server_max_window_bits=ten`, 'EPROTO'],
  [`${BOTH}; server_max_window_bits=10; server_max_window_bits=10`, 'EPROTO'],
  [`${BOTH}; client_max_window_bits`, 'EPROTO'],
  [`${BOTH}; client_max_window_bits=7`, 'EPROTO'],
  [`${BOTH}; client_max_window_bits=11`, 'EPROTO'],
  [`${BOTH}; client_max_window_bits=16`, 'EPROTO'],
  [`${BOTH}; server_no_context_takeover`, 'EPROTO'],
  ['permessage-deflate; server_no_context_takeover=1', 'EPROTO'],
  ['permessage-deflate; client_no_context_takeover=true', 'EPROTO'],
  [`${BOTH}; unknown`, 'EPROTO'],
  [`${BOTH}, x`, 'EPROTO'],
  ['x', 'EPROTO'],
  ['PERMESSAGE-DEFLATE', 'EPROTO'],
  ['permessage-deflate;', 'EPROTO'],
  ['permessage-deflate,', 'EPROTO'],
  ['', 'EPROTO'],
])

export const answerGroups: readonly AnswerGroup[] = [
  { name: 'a client', options: [], rows: plain },
  {
    name: 'a client that offers chat and game',
    options: [[WS_PROTOCOL, ['chat', 'game']]],
    rows: subprotocols,
  },
  { name: 'a client that offers permessage-deflate', options: [[WS_COMPRESSION, true]], rows: deflate },
]
