/** RFC 6455 sections 5.5.1, 7.1 and 7.4: how a connection is closed. */
import { binary, bytes, close, closing, more, ping, pong, text } from '../support/parts.ts'
import { failed, type Row } from '../support/row.ts'

const CODES = 'RFC 6455 §7.4'
const ANSWER = 'RFC 6455 §5.5.1: a close is answered with its code'
const AFTER = 'RFC 6455 §5.5.1: nothing counts behind a close'

/** Closes that are orderly for the program. */
const ORDERLY = new Set([1000, 1001])

const answered = (code: number, reason = ''): Row => ({
  clause: ANSWER,
  title: `${code}${reason === '' ? '' : ` and a reason of ${Buffer.byteLength(reason)} bytes`}`,
  given: [close(code, reason)],
  expect: { close: code, reason, ...(!ORDERLY.has(code) && { told: 'EPROTO' }) },
})

const VALID_CODES = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3499, 3999, 4000, 4001,
  4999,
]
const INVALID_CODES = [
  0, 1, 100, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1099, 1100, 1999, 2000, 2001, 2998, 2999, 5000, 5001,
  9999, 16_384, 32_768, 65_535,
]

const quiet = (title: string, ...behind: Row['given']): Row => ({
  clause: AFTER,
  title,
  given: [close(1000), ...behind],
  expect: { close: 1000 },
})

export const closeRows: readonly Row[] = [
  ...VALID_CODES.map(code => answered(code)),
  answered(1000, 'done'),
  answered(4000, 'zu oft gegrüßt'),
  answered(1000, 'r'.repeat(123)),
  answered(1001, 'ü'.repeat(61)),
  { clause: ANSWER, title: 'one without a code', given: [close()], expect: { close: 1005 } },
  ...INVALID_CODES.map(code => failed(CODES, `${code} may not be sent`, [close(code)], 1002)),
  ...[1005, 1006, 1015].map(code =>
    failed(CODES, `${code} may not be sent, with a reason either`, [close(code, 'reason')], 1002),
  ),
  failed(
    'RFC 6455 §5.5.1: a close has a code of two bytes or nothing',
    'one byte',
    [closing(Buffer.from([3]))],
    1002,
  ),
  failed(
    'RFC 6455 §5.5.1: a close has a code of two bytes or nothing',
    'another one',
    [closing(Buffer.from([0]))],
    1002,
  ),
  failed(
    'RFC 6455 §5.5: control frames have 125 bytes at most',
    'a reason of 124 bytes',
    [close(1000, 'r'.repeat(124))],
    1002,
  ),

  quiet('text', text('late')),
  quiet('binary', binary('late')),
  quiet('a ping', ping('late')),
  quiet('a pong', pong('late')),
  quiet('a second close', close(1001)),
  quiet('a bad frame', text('', { rsv: 7 })),
  quiet('a continuation of nothing', more('late')),
  quiet('bytes that are no frame', bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)),
  quiet('a megabyte', () => Buffer.alloc(1024 * 1024, 0x81)),
  {
    clause: 'RFC 6455 §5.5.1',
    title: 'what came before a close is delivered',
    given: [text('a'), binary(Buffer.from([1])), ping('p'), close(1001, 'bye')],
    expect: { messages: ['text a', 'binary 01'], pongs: ['p'], close: 1001, reason: 'bye' },
  },
]
