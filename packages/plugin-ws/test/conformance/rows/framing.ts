/** RFC 6455 section 5.2 and 5.3: the head of a frame, bit by bit. */
import { binary, bytes, close, control, cut, more, type Part, ping, text } from '../support/parts.ts'
import { failed, only, type Row, taken } from '../support/row.ts'

const hex = (length: number): Buffer => Buffer.alloc(length, 0x5a)
const bits = (rsv: number): string =>
  [4, 2, 1]
    .filter(bit => rsv & bit)
    .map(bit => `RSV${3 - Math.log2(bit)}`)
    .join(' and ')

/** RSV1-3 mean nothing without an extension: each set one is a failure, whatever frame it is on. */
const reserved: Row[] = [1, 2, 3, 4, 5, 6, 7].flatMap(rsv =>
  (
    [
      ['text', text('x', { rsv })],
      ['binary', binary('x', { rsv })],
      ['empty text', text('', { rsv })],
      ['a ping', ping('', { rsv })],
      ['a close', close(1000, '', { rsv })],
    ] as const
  )
    .filter(([kind]) => rsv < 5 || kind === 'text')
    .map(([kind, part]) => failed('RFC 6455 §5.2 RSV', `${bits(rsv)} on ${kind}`, [part], 1002)),
)

const opcodes: Row[] = [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf].flatMap(opcode => {
  const name = `reserved opcode ${opcode.toString(16)}`
  return [
    failed('RFC 6455 §5.2 opcode', `${name}, empty`, [control(opcode)], 1002),
    failed('RFC 6455 §5.2 opcode', `${name}, with a payload`, [control(opcode, 'x')], 1002),
  ]
})

/** Each form of the length at its ends. */
const lengths: Row[] = [0, 1, 124, 125, 126, 127, 128, 65_535, 65_536, 65_537].flatMap(length => [
  taken(
    'RFC 6455 §5.2 payload length',
    `text of ${length} bytes`,
    [text('t'.repeat(length))],
    [`text ${'t'.repeat(length)}`],
  ),
  taken(
    'RFC 6455 §5.2 payload length',
    `binary of ${length} bytes`,
    [binary(hex(length))],
    [`binary ${'5a'.repeat(length)}`],
  ),
])

/** Section 5.2 asks senders for the fewest bytes; receivers are not told to fail on more, and ours, as ws, does not. */
const longForms: Row[] = (
  [
    ['0 in 16 bits', text('', { lengthBytes: 2 }), ''],
    ['5 in 16 bits', text('hello', { lengthBytes: 2 }), 'hello'],
    ['125 in 16 bits', text('t'.repeat(125), { lengthBytes: 2 }), 't'.repeat(125)],
    ['0 in 64 bits', text('', { lengthBytes: 8 }), ''],
    ['5 in 64 bits', text('hello', { lengthBytes: 8 }), 'hello'],
    ['126 in 64 bits', text('t'.repeat(126), { lengthBytes: 8 }), 't'.repeat(126)],
    ['65535 in 64 bits', text('t'.repeat(65_535), { lengthBytes: 8 }), 't'.repeat(65_535)],
  ] as const
).map(([name, part, payload]) =>
  taken(
    'RFC 6455 §5.2 payload length',
    `a length of ${name} (knowingly lenient: it is taken)`,
    [part],
    [`text ${payload}`],
  ),
)

/** A whole head with the length in 64 bits as given, and no payload behind it. */
const announced =
  (opcode: number, high: number, low: number): Part =>
  mask =>
    Buffer.from([
      0x80 | opcode,
      (mask ? 0x80 : 0) | 127,
      ...[24, 16, 8, 0].map(shift => (high >>> shift) & 0xff),
      ...[24, 16, 8, 0].map(shift => (low >>> shift) & 0xff),
      ...(mask ?? []),
    ])

const hugeLengths: Row[] = (
  [
    ['the most significant bit of 64 set', 0x80000000, 0],
    ['all 64 bits set', 0xffffffff, 0xffffffff],
    ['2^63 - 1', 0x7fffffff, 0xffffffff],
    ['2^53', 0x00200000, 0],
    ['2^53 - 1', 0x001fffff, 0xffffffff],
    ['2^32', 1, 0],
    ['2^31', 0, 0x80000000],
  ] as const
).flatMap(([name, high, low]) =>
  [1, 2].map(opcode =>
    failed(
      'RFC 6455 §5.2 payload length',
      `a length with ${name}, opcode ${opcode}: refused before any payload, as too big`,
      [announced(opcode, high, low)],
      1009,
    ),
  ),
)

const CLIENTS_MASK = 'RFC 6455 §5.1: a server fails on a frame that is not masked'
const SERVERS_DO_NOT = 'RFC 6455 §5.1: a client fails on a frame that is masked'
const wrongMasks: readonly (readonly [string, Part])[] = [
  ['text', text('x', { mask: 'wrong' })],
  ['empty text', text('', { mask: 'wrong' })],
  ['binary', binary('x', { mask: 'wrong' })],
  ['a first fragment', text('x', { mask: 'wrong', fin: false })],
  ['a ping', ping('x', { mask: 'wrong' })],
  ['a pong', control(10, '', { mask: 'wrong' })],
  ['a close', close(1000, '', { mask: 'wrong' })],
]
const masks: Row[] = [
  ...only(
    'server',
    wrongMasks.map(([name, part]) => failed(CLIENTS_MASK, name, [part], 1002)),
  ),
  ...only(
    'client',
    wrongMasks.map(([name, part]) => failed(SERVERS_DO_NOT, name, [part], 1002)),
  ),
  ...only('server', [
    failed(
      CLIENTS_MASK,
      'a continuation behind a masked beginning',
      [text('a', { fin: false }), more('b', { mask: 'wrong' })],
      1002,
    ),
    failed(CLIENTS_MASK, 'one behind good ones', [text('a'), text('b', { mask: 'wrong' })], 1002, {
      messages: ['text a'],
    }),
    ...[
      Buffer.from([0, 0, 0, 0]),
      Buffer.from([255, 255, 255, 255]),
      Buffer.from([0, 0, 0, 1]),
      Buffer.from([0x74, 0x74, 0x74, 0x74]),
    ].map(mask =>
      taken(
        'RFC 6455 §5.3',
        `any masking key is good: ${mask.toString('hex')}`,
        [text('ttttt', { mask })],
        ['text ttttt'],
      ),
    ),
    ...[1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 49].map(length =>
      taken(
        'RFC 6455 §5.3',
        `each byte is masked by its place modulo 4, of ${length}`,
        [text('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.slice(0, length))],
        [`text ${'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.slice(0, length)}`],
      ),
    ),
    taken(
      'RFC 6455 §5.3',
      'each frame has a key of its own',
      [
        text('one', { mask: Buffer.from([9, 8, 7, 6]) }),
        text('two'),
        text('three', { mask: Buffer.from([1, 1, 2, 3]) }),
      ],
      ['text one', 'text two', 'text three'],
    ),
  ]),
]

/** Ends of the transport in the middle of things (section 7.1.5: the code is 1006 for the program, nobody is told by frame). */
const whole = text('hello')
const severed: Row[] = (
  [
    ['after nothing', []],
    ['after one byte', [cut(whole, 1)]],
    ['in the masking key or the payload', [cut(whole, 3)]],
    ['one byte before the end of the payload', [mask => whole(mask).subarray(0, -1)]],
    ['in a length of 16 bits', [cut(text('t'.repeat(300)), 3)]],
    ['in a length of 64 bits', [cut(text('t'.repeat(70_000)), 6)]],
    ['between two fragments', [text('a', { fin: false })]],
    ['in a ping', [cut(ping('hello'), 4)]],
    ['in a close', [cut(close(1000), 3)]],
  ] as [string, Part[]][]
).map(([title, given]) => ({
  clause: 'RFC 6455 §7.1.5',
  title: `the connection ends ${title}`,
  given,
  expect: { close: undefined, told: 'ECONNRESET' },
}))

const examples: Row[] = [
  ...only('server', [
    taken(
      'RFC 6455 §5.7',
      'the example of a masked "Hello"',
      [bytes(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58)],
      ['text Hello'],
    ),
  ]),
  ...only('client', [
    taken(
      'RFC 6455 §5.7',
      'the example of an unmasked "Hello"',
      [bytes(0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f)],
      ['text Hello'],
    ),
    taken(
      'RFC 6455 §5.7',
      'the example of a fragmented "Hello"',
      [bytes(0x01, 0x03, 0x48, 0x65, 0x6c), bytes(0x80, 0x02, 0x6c, 0x6f)],
      ['text Hello'],
    ),
    taken(
      'RFC 6455 §5.7',
      'the example of a ping with "Hello"',
      [bytes(0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f)],
      [],
      ['Hello'],
    ),
    taken(
      'RFC 6455 §5.7',
      'the example of 256 bytes, with a length of 16 bits',
      [bytes(0x82, 0x7e, 0x01, 0x00), () => hex(256)],
      [`binary ${'5a'.repeat(256)}`],
    ),
    taken(
      'RFC 6455 §5.7',
      'the example of 64 KiB, with a length of 64 bits',
      [bytes(0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0), () => hex(65_536)],
      [`binary ${'5a'.repeat(65_536)}`],
    ),
  ]),
]

const several: Row[] = [
  taken(
    'RFC 6455 §5.4',
    'messages one behind the other keep their order',
    Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? text(String(i)) : binary(Buffer.from([i])))),
    Array.from({ length: 50 }, (_, i) =>
      i % 2 === 0 ? `text ${i}` : `binary ${Buffer.from([i]).toString('hex')}`,
    ),
  ),
  failed(
    'RFC 6455 §7.1.7',
    'a good message before a bad frame is delivered',
    [text('good'), control(3)],
    1002,
    {
      messages: ['text good'],
    },
  ),
  failed(
    'RFC 6455 §7.1.7',
    'nothing behind a bad frame is delivered',
    [control(3), text('ignored'), ping()],
    1002,
  ),
  failed(
    'RFC 6455 §7.1.7',
    'only the first of two bad frames is answered',
    [text('', { rsv: 1 }), control(3)],
    1002,
  ),
]

export const framingRows: readonly Row[] = [
  ...examples,
  ...reserved,
  ...opcodes,
  ...lengths,
  ...longForms,
  ...hugeLengths,
  ...masks,
  ...several,
  ...severed,
]
