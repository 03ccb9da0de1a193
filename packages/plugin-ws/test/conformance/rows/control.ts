/** RFC 6455 section 5.5: pings, pongs and what holds for all control frames. */
import { control, cut, fragments, more, ping, pong, text } from '../support/parts.ts'
import { failed, type Row, taken } from '../support/row.ts'

const FRAGMENTED = 'RFC 6455 §5.5: control frames are not fragmented'
const LENGTH = 'RFC 6455 §5.5: control frames have 125 bytes at most'
const INTERLEAVED = 'RFC 6455 §5.4: control frames between fragments'
const PONGS = 'RFC 6455 §5.5.3: a pong has the payload of its ping'

const NAMES = { 8: 'a close', 9: 'a ping', 10: 'a pong' } as const
const kinds = [8, 9, 10] as const
const every = Buffer.from(Array.from({ length: 125 }, (_, i) => i * 2))

export const controlRows: readonly Row[] = [
  ...kinds.flatMap(opcode => [
    failed(FRAGMENTED, `${NAMES[opcode]} without FIN`, [control(opcode, '', { fin: false })], 1002),
    failed(
      FRAGMENTED,
      `${NAMES[opcode]} without FIN between fragments`,
      [text('a', { fin: false }), control(opcode, '', { fin: false }), more('b')],
      1002,
    ),
    failed(
      FRAGMENTED,
      `${NAMES[opcode]} without FIN, continued`,
      [control(opcode, 'ab', { fin: false }), more('c')],
      1002,
    ),
    failed(LENGTH, `${NAMES[opcode]} of 126 bytes`, [control(opcode, 'p'.repeat(126))], 1002),
    failed(LENGTH, `${NAMES[opcode]} of 65536 bytes`, [control(opcode, 'p'.repeat(65_536))], 1002),
    failed(
      LENGTH,
      `${NAMES[opcode]} with its length in 16 bits`,
      [control(opcode, '', { lengthBytes: 2 })],
      1002,
    ),
    failed(
      LENGTH,
      `${NAMES[opcode]} with its length in 64 bits`,
      [control(opcode, '', { lengthBytes: 8 })],
      1002,
    ),
    failed(
      LENGTH,
      `${NAMES[opcode]} is judged by its head, before its payload`,
      [cut(control(opcode, 'p'.repeat(126)), 4)],
      1002,
    ),
  ]),

  taken(PONGS, 'none', [ping()], [], ['']),
  taken(PONGS, 'text', [ping('are you there?')], [], ['are you there?']),
  taken(PONGS, '125 bytes', [ping('p'.repeat(125))], [], ['p'.repeat(125)]),
  taken(PONGS, 'bytes that are no UTF-8', [ping(every)], [], [every]),
  taken(
    PONGS,
    'one for each of ten, in their order',
    Array.from({ length: 10 }, (_, i) => ping(`${i}`)),
    [],
    Array.from({ length: 10 }, (_, i) => `${i}`),
  ),
  taken('RFC 6455 §5.5.3', 'a pong that nobody asked for', [pong()], []),
  taken('RFC 6455 §5.5.3', 'a pong that nobody asked for, with a payload', [pong('unasked')], []),
  taken('RFC 6455 §5.5.3', 'pongs around a ping', [pong('a'), ping('b'), pong('c')], [], ['b']),
  taken('RFC 6455 §5.5.3', 'a pong of 125 bytes', [pong('p'.repeat(125))], []),
  taken(
    'RFC 6455 §5.5.3',
    'a thousand pongs',
    Array.from({ length: 1000 }, () => pong('x')),
    [],
  ),

  taken(
    INTERLEAVED,
    'a ping is answered before the message is whole',
    [text('a', { fin: false }), ping('between'), more('b')],
    ['text ab'],
    ['between'],
  ),
  taken(INTERLEAVED, 'a pong', [text('a', { fin: false }), pong('between'), more('b')], ['text ab']),
  taken(
    INTERLEAVED,
    'pings between each two of ten',
    fragments(text, [...'0123456789']).flatMap((part, i) => [part, ping(`${i}`)]),
    ['text 0123456789'],
    [...'0123456789'],
  ),
  taken(
    INTERLEAVED,
    'ten pings in one gap',
    [text('a', { fin: false }), ...Array.from({ length: 10 }, () => ping('p')), more('b')],
    ['text ab'],
    Array.from({ length: 10 }, () => 'p'),
  ),
  taken(
    INTERLEAVED,
    'within a code point',
    [text(Buffer.from([0xe2, 0x82]), { fin: false }), ping(), more(Buffer.from([0xac]))],
    ['text €'],
    [''],
  ),
  {
    clause: INTERLEAVED,
    title: 'a close: the message is never whole',
    given: [text('a', { fin: false }), control(8, Buffer.from([0x03, 0xe8]))],
    expect: { close: 1000 },
  },
  failed(INTERLEAVED, 'a ping does not end a message', [text('a', { fin: false }), ping(), text('b')], 1002, {
    pongs: [''],
  }),
  failed(INTERLEAVED, 'a ping begins none', [ping(), more('b')], 1002, { pongs: [''] }),
]
