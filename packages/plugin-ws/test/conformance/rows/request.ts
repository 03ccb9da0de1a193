/** RFC 6455 sections 4.1, 4.2.1 and 10: the request of a client, field by field. */
import { KEY } from '../../support/raw.ts'
import { field, given, type HandshakeRow, row } from '../support/handshake-row.ts'

const METHOD = 'RFC 6455 §4.2.1 (1): GET'
const VERSION = 'RFC 6455 §4.2.1 (1): HTTP/1.1 or higher'
const TARGET = 'RFC 6455 §4.2.1 (1): the request target'
const HOST = 'RFC 6455 §4.2.1 (2): Host'
const UPGRADE = 'RFC 6455 §4.2.1 (3): Upgrade'
const CONNECTION = 'RFC 6455 §4.2.1 (4): Connection'
const KEYS = 'RFC 6455 §4.2.1 (5): Sec-WebSocket-Key'
const WS_VERSION = 'RFC 6455 §4.2.1 (6): Sec-WebSocket-Version'
const BODY = 'RFC 6455 §4.1: a handshake has no body'
const HTTP = 'RFC 9112: HTTP/1.1'
const SIZE = 'RFC 6455 §10.4: bounds'

const THIRTEEN = { 'sec-websocket-version': '13', upgrade: 'websocket' }
const base64 = (bytes: number): string => Buffer.alloc(bytes, 'k').toString('base64')

export const requestRows: readonly HandshakeRow[] = [
  row('RFC 6455 §4.2.2', 'the handshake of section 1.3', given({}), 101, {
    'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-protocol': undefined,
    'sec-websocket-extensions': undefined,
    'content-length': undefined,
  }),

  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'PROPFIND'].map(method =>
    row(METHOD, method, given({}, `${method} / HTTP/1.1`), 405, { allow: 'GET' }),
  ),
  row(METHOD, 'CONNECT', given({}, 'CONNECT localhost:80 HTTP/1.1'), 405, { allow: 'GET' }),
  row(METHOD, 'in lower case', given({}, 'get / HTTP/1.1'), 400),
  row(METHOD, 'none that HTTP knows', given({}, 'WEBSOCKET / HTTP/1.1'), 400),

  row(VERSION, 'HTTP/1.0', given({}, 'GET / HTTP/1.0'), 505),
  row(VERSION, 'HTTP/0.9', given({}, 'GET / HTTP/0.9'), 505),
  row(VERSION, 'HTTP/0.9 without a version', 'GET /\r\n\r\n', 505),
  row(VERSION, 'HTTP/1.9', given({}, 'GET / HTTP/1.9'), 400),
  row(VERSION, 'HTTP/2.0', given({}, 'GET / HTTP/2.0'), 505),
  row(VERSION, 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400),
  row(VERSION, 'http in lower case', given({}, 'GET / http/1.1'), 400),

  row(TARGET, 'a path and a query', given({}, 'GET /chat/room%201?name=%C3%BC&name=2 HTTP/1.1'), 101),
  row(TARGET, 'in absolute form', given({}, 'GET http://localhost/chat HTTP/1.1'), 101),
  row(TARGET, 'with a space', given({}, 'GET /a b HTTP/1.1'), 400),
  row(TARGET, 'empty', given({}, 'GET  HTTP/1.1'), 400),
  row(TARGET, 'no path', given({}, 'GET chat HTTP/1.1'), 400),
  row(SIZE, 'a target of 20 KB', given({}, `GET /${'a'.repeat(20_000)} HTTP/1.1`), 431),

  ...field(HOST, 'Host', [
    [undefined, 400],
    [['localhost', 'localhost'], 400],
    [['localhost', 'other.example'], 400],
    ['localhost:8080', 101],
    ['[::1]:8080', 101],
  ]),

  ...field(UPGRADE, 'Upgrade', [
    [undefined, 426, { upgrade: 'websocket', connection: 'Upgrade, close' }],
    ['WebSocket', 101],
    ['WEBSOCKET', 101],
    ['h2c, websocket', 101],
    ['websocket , h2c', 101],
    [['h2c', 'websocket'], 101],
    ['websockets', 400],
    ['web socket', 400],
    ['websocket/13', 400],
    ['h2c', 400],
    ['', 400],
  ]),

  ...field(CONNECTION, 'Connection', [
    [undefined, 400],
    ['upgrade', 101],
    ['UPGRADE', 101],
    ['keep-alive, Upgrade', 101],
    ['Upgrade,keep-alive', 101],
    ['keep-alive,\tUpgrade , x', 101],
    [['keep-alive', 'Upgrade'], 101],
    ['keep-alive', 400],
    ['close', 400],
    ['upgraded', 400],
    ['not upgrade', 400],
    ['', 400],
  ]),

  ...field(KEYS, 'Sec-WebSocket-Key', [
    [undefined, 400],
    ['', 400],
    [base64(15), 400],
    [base64(17), 400],
    [base64(1), 400],
    [base64(100), 400],
    [KEY.slice(0, -2), 400],
    [KEY.slice(0, -1), 400],
    [`${KEY}=`, 400],
    ['dGhlIHNhbXBsZSB-b25jZQ==', 400],
    ['dGhlIHNhbXBsZSBub25jZ!==', 400],
    ['dGhlIHNhbXBs ZSBub25jZQ==', 400],
    [[KEY, KEY], 400],
    [`${KEY}, ${KEY}`, 400],
    ['AAAAAAAAAAAAAAAAAAAAAA==', 101, { 'sec-websocket-accept': 'ICX+Yqv66kxgM0FcWaLWlFLwTAI=' }],
    [`  ${KEY}\t`, 101, { 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }],
  ]),

  ...field(WS_VERSION, 'Sec-WebSocket-Version', [
    [undefined, 426, THIRTEEN],
    ['', 426, THIRTEEN],
    ['0', 426, THIRTEEN],
    ['7', 426, THIRTEEN],
    ['8', 426, THIRTEEN],
    ['12', 426, THIRTEEN],
    ['14', 426, THIRTEEN],
    ['255', 426, THIRTEEN],
    ['256', 426, THIRTEEN],
    ['013', 426, THIRTEEN],
    ['+13', 426, THIRTEEN],
    ['13.0', 426, THIRTEEN],
    ['thirteen', 426, THIRTEEN],
    ['13, 8', 426, THIRTEEN],
    [['8', '13'], 426, THIRTEEN],
    [['13', '13'], 426, THIRTEEN],
    [' 13 ', 101],
  ]),

  row(BODY, 'a length', `${given({ 'Content-Length': '5' })}hello`, 400),
  row(BODY, 'a length, and no body yet', given({ 'Content-Length': '5' }), 400),
  row(BODY, 'in chunks', `${given({ 'Transfer-Encoding': 'chunked' })}5\r\nhello\r\n0\r\n\r\n`, 400),
  row(BODY, 'a length of nothing', given({ 'Content-Length': '0' }), 101),
  row(BODY, 'a length that is no number', given({ 'Content-Length': 'five' }), 400),
  row(BODY, 'a length below zero', given({ 'Content-Length': '-1' }), 400),
  row(BODY, 'two lengths', given({ 'Content-Length': ['0', '5'] }), 400),
  row(BODY, 'a length and chunks', given({ 'Content-Length': '5', 'Transfer-Encoding': 'chunked' }), 400),
  row(BODY, 'one that is announced', given({ Expect: '100-continue', 'Content-Length': '5' }), 400),

  ...field('RFC 6455 §10.2: Origin', 'Origin', [
    [undefined, 101],
    ['http://localhost', 101],
    ['https://localhost', 101],
    ['http://localhost:80', 403],
    ['http://localhost:8080', 403],
    ['http://localhost.example', 403],
    ['http://sub.localhost', 403],
    ['http://localhost/path', 403],
    ['http://user@localhost', 403],
    ['http://evil.example', 403],
    ['null', 403],
    ['', 403],
    ['localhost', 403],
    ['file://', 403],
    [['http://localhost', 'http://localhost'], 403],
    ['http://localhost http://evil.example', 403],
  ]),
  row(
    'RFC 6455 §10.2: Origin',
    'the name it had before version 13 means nothing',
    given({ 'Sec-WebSocket-Origin': 'http://evil.example' }),
    101,
  ),

  ...field('RFC 6455 §11.3.4: Sec-WebSocket-Protocol, where none is served', 'Sec-WebSocket-Protocol', [
    ['chat', 101, { 'sec-websocket-protocol': undefined }],
    ['chat, game', 101, { 'sec-websocket-protocol': undefined }],
    ['', 400],
    [',', 400],
    ['chat,', 400],
    [',chat', 400],
    ['chat,,game', 400],
    ['chat game', 400],
    ['chat; q=1', 400],
    ['"chat"', 400],
    ['ch@t', 400],
    ['ch/at', 400],
    ['chat, chat', 400],
    [['chat', 'chat'], 400],
  ]),

  ...field('RFC 6455 §9.1: Sec-WebSocket-Extensions, where none is served', 'Sec-WebSocket-Extensions', [
    ['permessage-deflate', 101, { 'sec-websocket-extensions': undefined }],
    ['x-unknown', 101, { 'sec-websocket-extensions': undefined }],
    ['x-unknown; a; b=1; c="2"', 101, { 'sec-websocket-extensions': undefined }],
    ['x-a, x-b; c=1, permessage-deflate; client_max_window_bits', 101],
    [['x-a', 'x-b'], 101],
    ['x;a="\\b"', 101],
    ['', 400],
    [',', 400],
    [';', 400],
    ['x;', 400],
    ['x,', 400],
    [',x', 400],
    ['x,,y', 400],
    ['x;;a', 400],
    ['x; a=', 400],
    ['x; =1', 400],
    ['x; a="', 400],
    ['x; a=""', 400],
    ['x; a="b c"', 400],
    ['x; a="b', 400],
    ['x; a=b c', 400],
    ['x y', 400],
    ['"x"', 400],
    ['x; a=b=c', 400],
    ['x@y', 400],
  ]),

  row(SIZE, 'a field of 17 KB', given({ Cookie: 'c'.repeat(17_000) }), 431),
  row(SIZE, 'a name of 17 KB', given({ ['n'.repeat(17_000)]: 'x' }), 431),
  row(
    SIZE,
    'two thousand fields',
    given(Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`X-${i}`, 'value']))),
    431,
  ),
  row(SIZE, 'a field of 8 KB is good', given({ Cookie: 'c'.repeat(8000) }), 101),

  row(HTTP, 'no HTTP', 'hello there\r\n\r\n', 400),
  row(HTTP, 'a frame', Buffer.from([0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 400),
  row(HTTP, 'the beginning of TLS', Buffer.from('16030100c6010000c20303', 'hex'), 400),
  row(HTTP, 'zeros', Buffer.alloc(100), 400),
  row(HTTP, 'a space before a colon', given({}).replace('Host:', 'Host :'), 400),
  row(HTTP, 'a folded field', given({ 'X-A': 'a\r\n b' }), 400),
  row(HTTP, 'a NUL in a value', given({ 'X-A': 'a\0b' }), 400),
  row(HTTP, 'a CR in a value', given({ 'X-A': 'a\rb' }), 400),
  row(HTTP, 'a field without a name', given({ '': 'x' }), 400),
  row(HTTP, 'a field without a colon', given({}).replace('\r\n\r\n', '\r\nnonsense\r\n\r\n'), 400),
  row(HTTP, 'lines that end in LF alone', given({}).replaceAll('\r\n', '\n'), 400),
  row(HTTP, 'a blank line first', `\r\n${given({})}`, 101),
  row(
    HTTP,
    'names in other cases',
    given({}).replace('Upgrade:', 'UPGRADE:').replace('Sec-WebSocket-Key', 'sec-websocket-KEY'),
    101,
  ),
  row(HTTP, 'a plain request', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 426, { upgrade: 'websocket' }),
  row(
    HTTP,
    'of two plain requests the first is answered',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    426,
  ),
  row(
    'RFC 6455 §4.2.1',
    'what is wrong first is told first',
    given(
      { Host: undefined, 'Sec-WebSocket-Key': undefined, Origin: 'http://evil.example' },
      'PUT / HTTP/1.1',
    ),
    405,
  ),
  row(
    'RFC 6455 §4.2.1',
    'the version is told before a bad key',
    given({ 'Sec-WebSocket-Version': '8', 'Sec-WebSocket-Key': undefined }),
    426,
    THIRTEEN,
  ),
]
