/** RFC 6455 section 5.4: messages in pieces. */
import { binary, fragments, more, text } from '../support/parts.ts'
import { failed, type Row, taken } from '../support/row.ts'

const WHOLE = 'RFC 6455 §5.4: the fragments of a message are one'
const START = 'RFC 6455 §5.4: a continuation continues something'
const NESTED = 'RFC 6455 §5.4: messages are not interleaved'

const open = { fin: false }
const pieces = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i},`)

export const fragmentationRows: readonly Row[] = [
  taken(WHOLE, 'two of text', fragments(text, ['hel', 'lo']), ['text hello']),
  taken(WHOLE, 'two of binary', fragments(binary, ['hel', 'lo']), [
    `binary ${Buffer.from('hello').toString('hex')}`,
  ]),
  taken(WHOLE, 'a hundred of one byte', fragments(text, [...'x'.repeat(100)]), [`text ${'x'.repeat(100)}`]),
  taken(WHOLE, 'two thousand', fragments(text, pieces(2000)), [`text ${pieces(2000).join('')}`]),
  taken(WHOLE, 'an empty first', fragments(text, ['', 'hello']), ['text hello']),
  taken(WHOLE, 'an empty last', fragments(text, ['hello', '']), ['text hello']),
  taken(WHOLE, 'an empty one within', fragments(text, ['hel', '', 'lo']), ['text hello']),
  taken(WHOLE, 'nothing but empty ones, text', fragments(text, ['', '', '']), ['text ']),
  taken(WHOLE, 'nothing but empty ones, binary', fragments(binary, ['', '', '']), ['binary ']),
  taken(WHOLE, 'large ones', fragments(text, ['a'.repeat(70_000), 'b'.repeat(70_000)]), [
    `text ${'a'.repeat(70_000)}${'b'.repeat(70_000)}`,
  ]),
  taken(
    WHOLE,
    'one whole message behind a fragmented one',
    [...fragments(text, ['a', 'b']), text('c')],
    ['text ab', 'text c'],
  ),
  taken(
    WHOLE,
    'a fragmented binary behind a fragmented text: each has its own type',
    [...fragments(text, ['a', 'b']), ...fragments(binary, ['c', 'd']), ...fragments(text, ['e', 'f'])],
    ['text ab', `binary ${Buffer.from('cd').toString('hex')}`, 'text ef'],
  ),
  taken(
    WHOLE,
    'a continuation with another length form',
    [text('a', open), more('b', { fin: false, lengthBytes: 2 }), more('c', { lengthBytes: 8 })],
    ['text abc'],
  ),

  failed(START, 'a last one as the first frame', [more('x')], 1002),
  failed(START, 'one that is not the last as the first frame', [more('x', open)], 1002),
  failed(START, 'an empty one as the first frame', [more()], 1002),
  failed(START, 'one behind a whole message', [text('a'), more('b')], 1002, { messages: ['text a'] }),
  failed(START, 'one behind the last fragment', [...fragments(text, ['a', 'b']), more('c')], 1002, {
    messages: ['text ab'],
  }),
  failed(START, 'an empty one behind the last fragment', [...fragments(text, ['a', 'b']), more()], 1002, {
    messages: ['text ab'],
  }),
  failed(
    START,
    'eight in a row',
    Array.from({ length: 8 }, () => more('x', open)),
    1002,
  ),

  failed(NESTED, 'text within text', [text('a', open), text('b'), more('c')], 1002),
  failed(NESTED, 'binary within text', [text('a', open), binary('b'), more('c')], 1002),
  failed(NESTED, 'text within binary', [binary('a', open), text('b'), more('c')], 1002),
  failed(NESTED, 'binary within binary', [binary('a', open), binary('b'), more('c')], 1002),
  failed(NESTED, 'a second beginning', [text('a', open), text('b', open), more('c')], 1002),
  failed(NESTED, 'an empty text within an empty text', [text('', open), text(''), more('')], 1002),
  failed(NESTED, 'text behind two fragments', [text('a', open), more('b', open), text('c')], 1002),
  failed(
    NESTED,
    'RSV1 on a continuation without an extension',
    [text('a', open), more('b', { rsv: 4 })],
    1002,
  ),
  failed(NESTED, 'RSV3 on a continuation', [text('a', open), more('b', { rsv: 1 })], 1002),
]
