/** RFC 6455 section 8.1: text is UTF-8 as RFC 3629 has it, also in the reason of a close. */
import { binary, close, fragments, text } from '../support/parts.ts'
import { failed, type Row, taken } from '../support/row.ts'

const octets = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** What is UTF-8, at the ends of each form of RFC 3629 section 4. */
export const VALID: readonly (readonly [string, string])[] = [
  ['U+0000', '00'],
  ['U+007F', '7f'],
  ['U+0080', 'c2 80'],
  ['U+07FF', 'df bf'],
  ['U+0800', 'e0 a0 80'],
  ['U+0FFF', 'e0 bf bf'],
  ['U+1000', 'e1 80 80'],
  ['U+CFFF', 'ec bf bf'],
  ['U+D000', 'ed 80 80'],
  ['U+D7FF, before the surrogates', 'ed 9f bf'],
  ['U+E000, behind the surrogates', 'ee 80 80'],
  ['U+FDD0, a noncharacter', 'ef b7 90'],
  ['U+FEFF, a byte order mark', 'ef bb bf'],
  ['U+FFFD', 'ef bf bd'],
  ['U+FFFE, a noncharacter', 'ef bf be'],
  ['U+FFFF, a noncharacter', 'ef bf bf'],
  ['U+10000', 'f0 90 80 80'],
  ['U+1FFFF, a noncharacter', 'f0 9f bf bf'],
  ['U+3FFFF', 'f0 bf bf bf'],
  ['U+40000', 'f1 80 80 80'],
  ['U+FFFFF', 'f3 bf bf bf'],
  ['U+100000', 'f4 80 80 80'],
  ['U+10FFFF, the last', 'f4 8f bf bf'],
  ['of several scripts', Buffer.from('Iñtërnâtiônàlizætiøn ☃ κόσμε 你好 🎲').toString('hex')],
  ['a combining sequence', '65 cc 81'],
]

/** What is none. */
export const INVALID: readonly (readonly [string, string])[] = [
  ['a continuation byte alone, the first', '80'],
  ['a continuation byte alone, the last', 'bf'],
  ['three continuation bytes', '80 81 82'],
  ['a beginning of two without its second', 'c2'],
  ['a beginning of two before ASCII', 'c3 28'],
  ['a beginning of three alone', 'e1'],
  ['a beginning of three without its third', 'e1 80'],
  ['a beginning of three, then ASCII', 'e1 80 41'],
  ['a beginning of four alone', 'f1'],
  ['a beginning of four with two', 'f1 80'],
  ['a beginning of four with three', 'f1 80 80'],
  ['a beginning of four, then ASCII', 'f1 80 80 41'],
  ['a continuation byte too many behind two', 'c2 80 80'],
  ['a continuation byte too many behind three', 'e1 80 80 80'],
  ['an overlong U+0000 in two', 'c0 80'],
  ['an overlong slash in two', 'c0 af'],
  ['an overlong U+007F in two', 'c1 bf'],
  ['an overlong slash in three', 'e0 80 af'],
  ['an overlong U+07FF in three', 'e0 9f bf'],
  ['an overlong slash in four', 'f0 80 80 af'],
  ['an overlong U+FFFF in four', 'f0 8f bf bf'],
  ['an overlong U+0000 in five', 'f8 80 80 80 80'],
  ['an overlong U+0000 in six', 'fc 80 80 80 80 80'],
  ['U+D800, the first surrogate', 'ed a0 80'],
  ['U+DBFF', 'ed af bf'],
  ['U+DC00', 'ed b0 80'],
  ['U+DFFF, the last surrogate', 'ed bf bf'],
  ['a pair of surrogates (CESU-8)', 'ed a0 bd ed b8 80'],
  ['U+110000, beyond the last', 'f4 90 80 80'],
  ['U+13FFFF', 'f4 bf bf bf'],
  ['U+140000', 'f5 80 80 80'],
  ['a sequence of five', 'f8 88 80 80 80'],
  ['a sequence of six', 'fc 84 80 80 80 80'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['latin1', 'e4 f6 fc'],
  ['UTF-16 with its mark', 'ff fe 41 00'],
]

const RULE = 'RFC 6455 §8.1'
const REASON = 'RFC 6455 §8.1, §5.5.1: the reason of a close'
/** Beyond the length at which the library leaves the check to Node. */
const FAR = Buffer.alloc(40, 'x')

export const utf8Rows: readonly Row[] = [
  ...VALID.flatMap(([name, hex]) => {
    const data = octets(hex)
    return [
      taken(RULE, `${name} is text`, [text(data)], [`text ${data}`]),
      taken(
        RULE,
        `${name} behind 40 bytes, in fragments of one byte`,
        fragments(
          text,
          [FAR, ...data].map(piece => (typeof piece === 'number' ? Buffer.from([piece]) : piece)),
        ),
        [`text ${FAR}${data}`],
      ),
    ]
  }),
  ...INVALID.flatMap(([name, hex]) => {
    const data = octets(hex)
    return [
      failed(RULE, `${name} is none`, [text(data)], 1007),
      failed(RULE, `${name} within 40 bytes is none`, [text(Buffer.concat([FAR, data, FAR]))], 1007),
    ]
  }),
  taken(RULE, 'a code point across two fragments', fragments(text, [octets('f0 9f'), octets('8e b2')]), [
    'text 🎲',
  ]),
  taken(
    RULE,
    'a code point across four fragments, with empty ones between',
    fragments(text, [octets('f0'), '', octets('9f'), octets('8e'), '', octets('b2')]),
    ['text 🎲'],
  ),
  failed(
    RULE,
    'a code point that the next fragment does not finish',
    fragments(text, [octets('f0 9f'), 'x']),
    1007,
  ),
  failed(
    RULE,
    'a code point that the last fragment leaves unfinished',
    fragments(text, ['x', octets('e2 82')]),
    1007,
  ),
  failed(
    RULE,
    'a surrogate across fragments',
    fragments(text, [octets('ed'), octets('a0'), octets('80')]),
    1007,
  ),
  {
    clause: RULE,
    title:
      'of a message that is not whole yet nothing is said (knowingly: ws judges UTF-8 at the end of a message)',
    given: [text(octets('ff'), { fin: false }), close(1000)],
    expect: { close: 1000 },
  },
  failed(
    RULE,
    'bad text of a fragmented message is refused at its end (knowingly: ws judges UTF-8 there)',
    fragments(text, [octets('ce ba e1 bd b9 cf 83'), octets('ed a0 80'), 'edited']),
    1007,
  ),
  ...INVALID.slice(0, 4).map(([name, hex]) =>
    taken(RULE, `${name} is good in binary`, [binary(octets(hex))], [`binary ${hex.replaceAll(' ', '')}`]),
  ),
  failed(RULE, 'bad text behind good text', [text('good'), text(octets('ff'))], 1007, {
    messages: ['text good'],
  }),

  ...VALID.filter((_, i) => i % 4 === 1).map(([name, hex]) => ({
    clause: REASON,
    title: `${name} is answered`,
    given: [close(1000, octets(hex))],
    expect: { close: 1000, reason: octets(hex).toString() },
  })),
  ...INVALID.filter((_, i) => i % 3 === 0).map(([name, hex]) =>
    failed(REASON, `${name} is refused`, [close(1000, octets(hex))], 1007),
  ),
  failed(
    REASON,
    'bad at the end of the longest',
    [close(1000, Buffer.concat([Buffer.alloc(122, 'x'), octets('ff')]))],
    1007,
  ),
]
