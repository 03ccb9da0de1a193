/** WEBSOCKET_COMPRESSED_NATIVE (mode 36): the table, where permessage-deflate is agreed on at all times. */
import { WEBSOCKET_COMPRESSED_NATIVE } from '../../src/index.ts'
import { deflateRows } from './rows/deflate.ts'
import { allRows } from './rows/index.ts'
import { runRows } from './support/table.ts'

const NO_TAKEOVER = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
const headers = {
  server: {
    'Sec-WebSocket-Protocol': 'unisock.deflate.v1',
    'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
  },
  client: {
    'Sec-WebSocket-Protocol': 'unisock.deflate.v1',
    'Sec-WebSocket-Extensions': `${NO_TAKEOVER}; server_max_window_bits=10; client_max_window_bits=10`,
  },
}

const otherwise = [
  // No breach here: the rows of RFC 7692 say what it means.
  'RSV1 on text',
  'RSV1 on binary',
  'RSV1 on empty text',
  // A message is inflated as one: there is no window that could be too small.
  'a reference farther back than the window that was agreed on',
]
const rows = [...allRows, ...deflateRows].filter(({ title }) => !otherwise.includes(title))

runRows(rows, { mode: WEBSOCKET_COMPRESSED_NATIVE, headers })
