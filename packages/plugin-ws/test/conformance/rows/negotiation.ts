/** RFC 6455 sections 4.2.2 and 9, RFC 7692 section 5: what a server chooses, among what it was set up for. */
import { WS_COMPRESSION, WS_ORIGIN, WS_PROTOCOL } from '../../../src/index.ts'
import {
  field,
  type HandshakeGroup,
  type HandshakeRow,
  type ResponseHeaders,
} from '../support/handshake-row.ts'

const PROTOCOL = 'RFC 6455 §4.2.2 (5.5): Sec-WebSocket-Protocol'
const subprotocols: readonly HandshakeRow[] = field(PROTOCOL, 'Sec-WebSocket-Protocol', [
  [undefined, 101, { 'sec-websocket-protocol': undefined }],
  ['chat', 101, { 'sec-websocket-protocol': 'chat' }],
  ['game', 101, { 'sec-websocket-protocol': 'game' }],
  ['game, chat', 101, { 'sec-websocket-protocol': 'chat' }],
  ['game,chat', 101, { 'sec-websocket-protocol': 'chat' }],
  [['game', 'chat'], 101, { 'sec-websocket-protocol': 'chat' }],
  ['x, y, z, game', 101, { 'sec-websocket-protocol': 'game' }],
  ['Chat', 400],
  ['chats', 400],
  ['x', 400],
  ['chat, chat', 400],
  ['chat,', 400],
])

const ORIGIN = 'RFC 6455 §10.2: Origin, listed'
const origins: readonly HandshakeRow[] = field(ORIGIN, 'Origin', [
  [undefined, 101],
  ['https://a.example', 101],
  ['https://b.example:8443', 101],
  ['null', 101],
  ['http://a.example', 403],
  ['https://a.example:443', 403],
  ['https://a.example/', 403],
  ['https://A.example', 403],
  ['https://a.example.evil', 403],
  ['https://b.example', 403],
  ['http://localhost', 403],
  ['*', 403],
])

const OFFER = 'RFC 7692 §5.1, §7.1: offers of permessage-deflate'
const none = { 'sec-websocket-extensions': undefined }
const says = (parameters: string): ResponseHeaders => ({
  'sec-websocket-extensions': `permessage-deflate; ${parameters}`,
})
/** A server of ours allows neither side to refer to earlier messages, and takes windows of 1 KB. */
const NO_TAKEOVER = 'server_no_context_takeover; client_no_context_takeover'
const OURS = `${NO_TAKEOVER}; server_max_window_bits=10`

const offers: readonly HandshakeRow[] = field(OFFER, 'Sec-WebSocket-Extensions', [
  [undefined, 101, none],
  ['permessage-deflate', 101, says(OURS)],
  ['permessage-deflate; client_max_window_bits', 101, says(`client_max_window_bits=10; ${OURS}`)],
  ['permessage-deflate; client_max_window_bits=15', 101, says(`client_max_window_bits=10; ${OURS}`)],
  ['permessage-deflate; client_max_window_bits="15"', 101, says(`client_max_window_bits=10; ${OURS}`)],
  ['permessage-deflate; client_max_window_bits=9', 101, says(`client_max_window_bits=9; ${OURS}`)],
  ['permessage-deflate; client_max_window_bits=8', 101, says(OURS)],
  ['permessage-deflate; server_max_window_bits=15', 101, says(OURS)],
  ['permessage-deflate; server_max_window_bits=10', 101, says(OURS)],
  ['permessage-deflate; server_max_window_bits=9', 101, says(`${NO_TAKEOVER}; server_max_window_bits=9`)],
  ['permessage-deflate; server_no_context_takeover', 101, says(OURS)],
  ['permessage-deflate; client_no_context_takeover', 101, says(OURS)],
  [
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9',
    101,
    says(`client_max_window_bits=9; ${NO_TAKEOVER}; server_max_window_bits=9`),
  ],
  ['x-unknown, permessage-deflate', 101, says(OURS)],
  [['x-unknown', 'permessage-deflate'], 101, says(OURS)],
  ['permessage-deflate, permessage-deflate', 101, says(OURS)],
  ['permessage-deflate; unknown, permessage-deflate', 101, says(OURS)],
  [
    'permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9',
    101,
    says(`${NO_TAKEOVER}; server_max_window_bits=9`),
  ],
  ['permessage-deflate; server_max_window_bits=8', 101, none],
  ['permessage-deflate; unknown', 101, none],
  ['permessage-deflate; unknown=1', 101, none],
  ['permessage-deflate; server_max_window_bits', 101, none],
  ['permessage-deflate; server_max_window_bits=7', 101, none],
  ['permessage-deflate; server_max_window_bits=16', 101, none],
  ['permessage-deflate; server_max_window_bits=09', 101, none],
  ['permessage-deflate; server_max_window_bits=1e1', 101, none],
  ['permessage-deflate; server_max_window_bits=-10', 101, none],
  ['permessage-deflate; server_max_window_bits=10.0', 101, none],
  ['permessage-deflate; client_max_window_bits=7', 101, none],
  ['permessage-deflate; client_max_window_bits=16', 101, none],
  ['permessage-deflate; client_max_window_bits=010', 101, none],
  ['permessage-deflate; client_max_window_bits=ten', 101, none],
  ['permessage-deflate; server_no_context_takeover=1', 101, none],
  ['permessage-deflate; client_no_context_takeover=true', 101, none],
  ['permessage-deflate; client_max_window_bits; client_max_window_bits', 101, none],
  ['permessage-deflate; server_max_window_bits=10; server_max_window_bits=10', 101, none],
  ['permessage-deflate; server_no_context_takeover; server_no_context_takeover', 101, none],
  ['Permessage-Deflate', 101, none],
  ['x-webkit-deflate-frame', 101, none],
  ['permessage-deflate;', 400],
  ['permessage-deflate; client_max_window_bits=', 400],
  ['permessage-deflate permessage-deflate', 400],
])

export const negotiations: readonly HandshakeGroup[] = [
  { name: 'a server of chat and game', options: [[WS_PROTOCOL, ['chat', 'game']]], rows: subprotocols },
  {
    name: 'a server for listed origins',
    options: [[WS_ORIGIN, ['https://a.example', 'https://b.example:8443', 'null']]],
    rows: origins,
  },
  { name: 'a server with permessage-deflate', options: [[WS_COMPRESSION, true]], rows: offers },
]
