/** RFC 6455 section 10.4: what a peer may make of us. */
import { binary, fragments, more, type Part, ping, text } from '../support/parts.ts'
import { failed, type Row, taken } from '../support/row.ts'

/** WS_MAX_MESSAGE_SIZE of these rows, in bytes. */
export const LIMIT = 1000
/** Frames of one message that ws takes. */
const MAX_FRAGMENTS = 16_384

const SIZE = 'RFC 6455 §10.4: the size of a message'
const COUNT = 'RFC 6455 §10.4: the number of fragments'

const x = (count: number): string => 'x'.repeat(count)
const flood = (count: number, payload: string): Part[] =>
  fragments(
    text,
    Array.from({ length: count }, () => payload),
  )

export const limitRows: readonly Row[] = [
  taken(SIZE, 'exactly the limit', [text(x(LIMIT))], [`text ${x(LIMIT)}`]),
  taken(
    SIZE,
    'exactly the limit, in binary',
    [binary(Buffer.alloc(LIMIT))],
    [`binary ${'00'.repeat(LIMIT)}`],
  ),
  taken(SIZE, 'exactly the limit, in fragments', fragments(text, [x(400), x(0), x(600)]), [
    `text ${x(LIMIT)}`,
  ]),
  taken(SIZE, 'exactly the limit, in fragments of one byte', flood(LIMIT, 'x'), [`text ${x(LIMIT)}`]),
  taken(
    SIZE,
    'each message has it anew',
    [text(x(LIMIT)), text(x(LIMIT))],
    [`text ${x(LIMIT)}`, `text ${x(LIMIT)}`],
  ),
  taken(
    SIZE,
    'pings do not count',
    [text(x(500), { fin: false }), ...Array.from({ length: 20 }, () => ping(x(100))), more(x(500))],
    [`text ${x(LIMIT)}`],
    Array.from({ length: 20 }, () => x(100)),
  ),
  failed(SIZE, 'a byte more', [text(x(LIMIT + 1))], 1009),
  failed(SIZE, 'a byte more, in binary', [binary(Buffer.alloc(LIMIT + 1))], 1009),
  failed(SIZE, 'bytes count, not characters', [text('ü'.repeat(LIMIT / 2 + 1))], 1009),
  failed(
    SIZE,
    'judged when it is announced, without any payload',
    [text('', { length: LIMIT + 1, lengthBytes: 2 })],
    1009,
  ),
  failed(SIZE, 'announced as four gigabytes', [text('', { length: 2 ** 32, lengthBytes: 8 })], 1009),
  failed(SIZE, 'in two fragments', fragments(text, [x(600), x(401)]), 1009),
  failed(
    SIZE,
    'in fragments, announced by the second',
    [text(x(600), { fin: false }), more('', { length: 401, lengthBytes: 2 })],
    1009,
  ),
  failed(SIZE, 'in fragments of one byte', flood(LIMIT + 1, 'x'), 1009),
  failed(
    SIZE,
    'in fragments, of which the last is never sent',
    [text(x(600), { fin: false }), more(x(401), { fin: false })],
    1009,
  ),
  failed(SIZE, 'behind a message within it', [text(x(LIMIT)), text(x(LIMIT + 1))], 1009, {
    messages: [`text ${x(LIMIT)}`],
  }),

  taken(COUNT, `${MAX_FRAGMENTS} empty ones`, flood(MAX_FRAGMENTS, ''), ['text ']),
  failed(
    COUNT,
    `${MAX_FRAGMENTS + 1} empty ones (knowingly: ws takes ${MAX_FRAGMENTS}, Autobahn's cases 9.3 and 9.4 ask for more)`,
    flood(MAX_FRAGMENTS + 1, ''),
    1008,
  ),
  failed(
    COUNT,
    'a hundred thousand, and never the last',
    [text('', { fin: false }), ...Array.from({ length: 100_000 }, () => more('', { fin: false }))],
    1008,
  ),
]
