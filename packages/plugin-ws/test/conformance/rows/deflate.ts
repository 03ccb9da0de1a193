/** RFC 7692: compressed messages, as far as they are well-formed, and as far as they are not. */
import { randomBytes } from 'node:crypto'
import {
  binary,
  bytes,
  close,
  deflate,
  deflated,
  fragments,
  more,
  type Part,
  ping,
  pong,
  RSV1,
  text,
} from '../support/parts.ts'
import { failed, only, type Row, taken } from '../support/row.ts'

const octets = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const packed = (hex: string): Part => text(octets(hex), { rsv: RSV1 })

const EXAMPLE = 'RFC 7692 §7.2.3'
const RULE = 'RFC 7692 §7.2.2'
const BIT = 'RFC 7692 §6: RSV1'
const DATA = 'RFC 7692 §7.2.2: data that is no DEFLATE'
const WINDOW = 'RFC 7692 §7.1'
const UTF8 = 'RFC 6455 §8.1'

const hello = ['compressed text Hello']
const long = 'a long, long, long, long text. '.repeat(400)
const compressed = (payload: string | Buffer): Buffer => deflate(payload, { windowBits: 9 })

/** The pieces of a compressed message: RSV1 is on the first frame only. */
function pieces(data: Buffer, sizes: readonly number[]): Part[] {
  let at = 0
  const cuts = [...sizes, data.length].map(size => data.subarray(at, (at += size)))
  return fragments((payload, shape) => text(payload, { ...shape, rsv: RSV1 }), cuts)
}

/** 1200 bytes that cannot be shortened, and the same again: only a window beyond 1 KB sees that. */
const noise = randomBytes(1200)
const farBack = deflate(Buffer.concat([noise, noise]), { windowBits: 15 })

export const deflateRows: readonly Row[] = [
  taken(`${EXAMPLE}.1`, 'one block', [packed('f2 48 cd c9 c9 07 00')], hello),
  taken(
    `${EXAMPLE}.1`,
    'one block in two fragments',
    [text(octets('f2 48 cd'), { rsv: RSV1, fin: false }), more(octets('c9 c9 07 00'))],
    hello,
  ),
  failed(
    `${EXAMPLE}.2`,
    'a message that refers to the one before it, where that was ruled out',
    [packed('f2 48 cd c9 c9 07 00'), packed('f2 00 11 00 00')],
    1007,
    { messages: hello },
  ),
  taken(`${EXAMPLE}.3`, 'a block without compression', [packed('00 05 00 fa ff 48 65 6c 6c 6f 00')], hello),
  taken(`${EXAMPLE}.4`, 'a block with BFINAL', [packed('f3 48 cd c9 c9 07 00 00')], hello),
  taken(`${EXAMPLE}.5`, 'two blocks', [packed('f2 48 05 00 00 00 ff ff ca c9 c9 07 00')], hello),
  taken(`${EXAMPLE}.6`, 'an empty message', [packed('00')], ['compressed text ']),
  taken(
    RULE,
    'an empty payload, which is none of the forms of section 7.2.3',
    [packed('')],
    ['compressed text '],
  ),
  taken(
    RULE,
    'BFINAL, and another message behind it',
    [packed('f3 48 cd c9 c9 07 00 00'), deflated('next')],
    [...hello, 'compressed text next'],
  ),
  taken(
    RULE,
    'binary',
    [binary(deflate(Buffer.from([1, 2, 3])), { rsv: RSV1 })],
    ['compressed binary 010203'],
  ),
  taken(RULE, 'a long text', [text(compressed(long), { rsv: RSV1 })], [`compressed text ${long}`]),
  taken(
    RULE,
    'the same text three times, each on its own',
    [deflated('again'), deflated('again'), deflated('again')],
    ['compressed text again', 'compressed text again', 'compressed text again'],
  ),
  taken(
    RULE,
    'in fragments of one byte',
    pieces(
      compressed('Hello'),
      Array.from({ length: compressed('Hello').length - 1 }, () => 1),
    ),
    hello,
  ),
  taken(RULE, 'in fragments, some of them empty', pieces(compressed('Hello'), [0, 3, 0, 0, 2]), hello),
  taken(
    RULE,
    'in fragments, with pings between them',
    pieces(compressed('Hello'), [2, 3]).flatMap((part, i) => [part, ping(`${i}`)]),
    hello,
    ['0', '1', '2'],
  ),
  taken(
    'RFC 7692 §6',
    'messages without compression between',
    [text('plain'), deflated('packed'), text('plain'), deflated('packed')],
    ['text plain', 'compressed text packed', 'text plain', 'compressed text packed'],
  ),
  taken('RFC 7692 §6', 'fragments without compression', fragments(text, ['a', 'b']), ['text ab']),
  taken(
    'RFC 7692 §6',
    'a plain message keeps its place behind a compressed one',
    [text(compressed(long), { rsv: RSV1 }), text('behind')],
    [`compressed text ${long}`, 'text behind'],
  ),
  taken(
    'RFC 7692 §6',
    'a hundred in turn',
    Array.from({ length: 100 }, (_, i) => (i % 2 ? deflated(`${i}`) : text(`${i}`))),
    Array.from({ length: 100 }, (_, i) => `${i % 2 ? 'compressed ' : ''}text ${i}`),
  ),

  failed(BIT, 'on a ping', [ping('x', { rsv: RSV1 })], 1002),
  failed(BIT, 'on a pong', [pong('x', { rsv: RSV1 })], 1002),
  failed(BIT, 'on a close', [close(1000, '', { rsv: RSV1 })], 1002),
  failed(
    BIT,
    'on a continuation of a compressed message',
    [text(octets('f2 48 cd'), { rsv: RSV1, fin: false }), more(octets('c9 c9 07 00'), { rsv: RSV1 })],
    1002,
  ),
  failed(
    BIT,
    'on a continuation of a plain message',
    [text('a', { fin: false }), more('b', { rsv: RSV1 })],
    1002,
  ),
  failed(BIT, 'with RSV2', [deflated('x', { rsv: 6 })], 1002),
  failed(BIT, 'with RSV3', [deflated('x', { rsv: 5 })], 1002),
  failed(BIT, 'RSV2 alone', [text('x', { rsv: 2 })], 1002),

  failed(DATA, 'a reserved type of block', [packed('07 ff ff')], 1007),
  failed(DATA, 'ones', [packed('ff ff ff ff ff')], 1007),
  failed(DATA, 'a block whose lengths do not agree', [packed('00 05 00 fa fe 48 65 6c 6c 6f 00')], 1007),
  failed(DATA, 'a reference to before the beginning', [packed('f2 00 11 00 00')], 1007),
  failed(DATA, 'plain text', [text('this is plain text and nothing else', { rsv: RSV1 })], 1007),
  failed(
    DATA,
    'in the second fragment',
    [text(octets('f2 48 cd'), { rsv: RSV1, fin: false }), more(octets('ff ff ff ff'))],
    1007,
  ),
  failed(DATA, 'behind a good message', [deflated('good'), packed('ff ff ff')], 1007, {
    messages: ['compressed text good'],
  }),
  failed(
    WINDOW,
    'a reference farther back than the window that was agreed on',
    [binary(farBack, { rsv: RSV1 })],
    1007,
  ),

  ...['ff', 'c0 80', 'ed a0 80', 'f4 90 80 80', 'e2 82'].map(hex =>
    failed(UTF8, `${hex} within compressed text`, [deflated(octets(hex))], 1007),
  ),
  failed(UTF8, 'within compressed text in fragments', pieces(compressed(octets('68 ff 69')), [1, 1]), 1007),
  taken(UTF8, 'a code point across compressed fragments', pieces(compressed('🎲'), [1, 2, 1]), [
    'compressed text 🎲',
  ]),
  taken(
    UTF8,
    'bytes that are no UTF-8 in compressed binary',
    [binary(compressed(octets('ff fe')), { rsv: RSV1 })],
    ['compressed binary fffe'],
  ),

  ...only('server', [
    failed('RFC 6455 §5.1', 'compressed and not masked', [deflated('x', { mask: 'wrong' })], 1002),
    taken(
      `${EXAMPLE}.1`,
      'one block, masked by hand',
      [bytes(0xc1, 0x87, 0, 0, 0, 0, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00)],
      hello,
    ),
  ]),
  ...only('client', [
    failed('RFC 6455 §5.1', 'compressed and masked', [deflated('x', { mask: 'wrong' })], 1002),
  ]),
]

/** The limit that the rows of size are about, in bytes. */
export const LIMIT = 1000

const TOO_BIG = 'RFC 7692 §8: size counts uncompressed'
const half = 'x'.repeat(LIMIT / 2)

export const inflatedSizeRows: readonly Row[] = [
  taken(
    TOO_BIG,
    'exactly the limit',
    [deflated('x'.repeat(LIMIT))],
    [`compressed text ${'x'.repeat(LIMIT)}`],
  ),
  failed(TOO_BIG, 'a byte more', [deflated('x'.repeat(LIMIT + 1))], 1009),
  failed(
    TOO_BIG,
    'ten megabytes of zeros in ten kilobytes',
    [binary(deflate(Buffer.alloc(10_000_000)), { rsv: RSV1 })],
    1009,
  ),
  failed(
    TOO_BIG,
    'ten megabytes of zeros within the limit on the wire',
    [binary(deflate(Buffer.alloc(900_000)).subarray(0, LIMIT), { rsv: RSV1 })],
    1009,
  ),
  failed(TOO_BIG, 'the sum of fragments', pieces(deflate('y'.repeat(LIMIT + 1)), [3, 3]), 1009),
  failed(
    TOO_BIG,
    'the sum of fragments, before the last one has come',
    pieces(deflate('y'.repeat(LIMIT * 50)), [80]).slice(0, 1),
    1009,
  ),
  failed(
    TOO_BIG,
    'more than the limit on the wire already',
    [text('z'.repeat(LIMIT + 1), { rsv: RSV1 })],
    1009,
  ),
  failed(TOO_BIG, 'of a plain message too', [text('x'.repeat(LIMIT + 1))], 1009),
  taken(
    TOO_BIG,
    'each message has it anew',
    [deflated(half), deflated(half), deflated(half)],
    [half, half, half].map(x => `compressed text ${x}`),
  ),
  failed(
    TOO_BIG,
    'a bomb behind a good message',
    [deflated('good'), deflated('x'.repeat(LIMIT * 100))],
    1009,
    {
      messages: ['compressed text good'],
    },
  ),
]
