import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Decoder,
  type DecoderSettings,
  encode,
  isLpcClass,
  LpcClass,
  LpcFloat,
  type LpcValue,
  MAX_DECODE_DEPTH,
  MAX_ENCODE_DEPTH,
} from '../src/mudmode/index.ts'
import { frame, golden } from './support/mudmode.ts'

function decodeAll(stream: Uint8Array, settings?: DecoderSettings): (LpcValue | undefined)[] {
  const values: (LpcValue | undefined)[] = []
  new Decoder(settings).push(stream, value => values.push(value))
  return values
}

/** What one payload reads as. */
function decode(payload: string | Buffer, settings?: DecoderSettings): LpcValue | undefined {
  const values = decodeAll(frame(payload), settings)
  expect(values).toHaveLength(1)
  return values[0]
}

const payload = (value: unknown): string => encode(value).toString('utf8', 4)

const nest = (depth: number): string => '({'.repeat(depth) + ',})'.repeat(depth).slice(1)

describe('the frames of a FluffOS driver', () => {
  test.each(golden)('%o is sent as %j', (value, text) => {
    expect(encode(value)).toEqual(frame(text))
  })

  test.each(golden)('%o is read from %j', (value, text) => {
    const got = decode(text)
    if (value instanceof Map) expect([...(got as Map<unknown, unknown>)]).toEqual([...value])
    else expect(got).toEqual(value)
  })

  test('the length is big-endian and counts the NUL', () => {
    expect([...encode(0)]).toEqual([0, 0, 0, 2, 0x30, 0])
    expect([...encode(() => {})]).toEqual([0, 0, 0, 1, 0])
  })

  test('what LPC cannot send is an empty slot in a container, an empty payload alone', () => {
    expect(payload([new Date(), () => {}, 7])).toBe('({,,7,})\0')
    expect(payload({ n: 5, o: Buffer.from('x') })).toBe('(["n":5,"o":,])\0')
    expect(payload(Symbol('s'))).toBe('\0')
    expect(payload(Buffer.from('x'))).toBe('\0')
  })

  test('undefined and null are 0, also in containers', () => {
    expect(payload(undefined)).toBe('0\0')
    expect(payload([null, undefined])).toBe('({0,0,})\0')
  })

  test('booleans are 1 and 0', () => {
    expect(payload([true, false])).toBe('({1,0,})\0')
  })

  test('a class is told from an array by its mark', () => {
    expect(isLpcClass(decode('(/1,/)'))).toBe(true)
    expect(isLpcClass(decode('({1,})'))).toBe(false)
    expect(payload({ '/': new LpcClass([]) })).toBe('(["/":(//),])\0')
  })
})

describe('numbers', () => {
  test.each([
    [Math.PI, '3.141593'],
    [1.2, '1.200000'],
    [new LpcFloat(1), '1.000000'],
    [new LpcFloat(-0), '-0.000000'],
    [-0, '0'],
    [1e-100, '0.000000'],
    [-1e-100, '-0.000000'],
    [2 ** 53, '9007199254740992.000000'],
    [2n ** 53n, '9007199254740992'],
    [2n ** 63n, '9223372036854775808.000000'],
    [1e22, '10000000000000000000000.000000'],
    [0.0078125, '0.007812'],
    [-0.0078125, '-0.007812'],
    [0.0234375, '0.023438'],
    [1e100, `${BigInt(1e100)}.000000`],
  ])('%o is sent as C prints it: %s', (value, text) => {
    expect(payload(value)).toBe(`${text}\0`)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, new LpcFloat(Number.NEGATIVE_INFINITY), 2n ** 2000n])(
    '%o has no text and is refused',
    value => {
      expect(() => encode([value])).toThrow(expect.objectContaining({ code: 'EBADDATA' }))
    },
  )

  test.each<[string, number | bigint]>([
    ['1.200000', 1.2],
    ['1.000000', 1],
    ['1.', 1],
    ['-2.5', -2.5],
    ['1e+3', 1000],
    ['1.5e-1', 0.15],
    ['1e+', 1],
    ['12abc', 12],
    ['-0', 0],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775808', 2 ** 63],
    ['1'.repeat(400), Number.POSITIVE_INFINITY],
  ])('%s is read as %o', (text, value) => {
    expect(decode(text)).toBe(value)
  })

  test.each(['-', '-x', '1.x', '1e5', '1e', '({1.,})', '({-,})'])('%s is undecodable', text => {
    expect(decode(text)).toBeUndefined()
  })
})

describe('payloads off the straight way', () => {
  test.each<[string, LpcValue]>([
    ['42', 42],
    ['({1,})x', [1]],
    ['"a\\nb"', 'anb'],
    ['({,,7,})', [0, 0, 7]],
    ['(["a":,])', { a: 0 }],
    ['(["a":1,"a":2,])', { a: 2 }],
    ['\0', 0],
    ['garbage\0', 0],
    [' 5\0', 0],
    ['nan\0', 0],
    ['#1\0', 0],
    ['5\x006', 5],
  ])('%j is read as %o', (text, value) => {
    expect(decode(text)).toEqual(value)
    expect(decode(text, { tolerant: false })).toEqual(value)
  })

  test.each([
    '({1,2})\0',
    '({1,\0',
    '"unterminated\0',
    '"x" \0',
    '"a\0b"\0',
    '""x',
    '"\\',
    '"\\x\\',
    '"\\x"x',
    '"',
    '"\r"x',
    '"\r\\',
    '"\\\r"x',
    '(',
    '(x',
    '({',
    '({1',
    '({1,}',
    '({1,}x',
    '({abc,})',
    '({ 1,})',
    '(/(/9',
    '([:0{({,])',
    '([:0a"\\,])',
    '([0a"\\:])',
    '(["a",])',
    '(["a":1])',
  ])('%j is undecodable, and the stream goes on', text => {
    expect(decodeAll(Buffer.concat([frame(text), encode('next')]))).toEqual([undefined, 'next'])
    expect(decode(text, { tolerant: false })).toBeUndefined()
  })

  test('a mapping with other keys than strings is a Map', () => {
    expect(decode('([:5,])')).toEqual(new Map([[0, 5]]))
    expect(decode('([1:"a","1":"b",])')).toEqual(
      new Map<LpcValue, LpcValue>([
        [1, 'a'],
        ['1', 'b'],
      ]),
    )
  })

  test('a key named __proto__ is a key', () => {
    const value = decode('(["__proto__":({}),])') as Record<string, LpcValue>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(encode(value)).toEqual(frame('(["__proto__":({}),])\0'))
  })

  test('empty containers with a comma, and Latin-1, are read from known peers', () => {
    expect(decode('({,})')).toEqual([])
    expect(decode('([,])')).toEqual({})
    expect(decode('({({,}),([,]),})')).toEqual([[], {}])
    expect(decode(Buffer.from('({"caf\xe9",})', 'latin1'))).toEqual(['café'])
  })

  test('a strict decoder reads them as FluffOS does', () => {
    expect(decode('({,})', { tolerant: false })).toEqual([0])
    expect(decode('([,])', { tolerant: false })).toBeUndefined()
    expect(decode(Buffer.from('"\xff\xfe"\0', 'latin1'), { tolerant: false })).toBeUndefined()
  })
})

describe('limits', () => {
  test('a frame of the limit is read, one byte more is a protocol error, after the values before it', () => {
    const text = `"${'x'.repeat(9997)}"\0`
    expect(decode(text, { maxFrame: 10_000 })).toHaveLength(9997)
    const decoder = new Decoder({ maxFrame: 9_999 })
    const values: unknown[] = []
    const push = (chunk: Buffer) => decoder.push(chunk, value => values.push(value))
    expect(() => push(Buffer.concat([encode(1), frame(text)]))).toThrow(
      expect.objectContaining({ code: 'EPROTO' }),
    )
    expect(values).toEqual([1])
    expect(() => push(encode(2))).toThrow(expect.objectContaining({ code: 'EPROTO' }))
    expect(values).toEqual([1])
  })

  test.each([0, -1, -2147483648])('a length of %i is a protocol error', length => {
    const header = Buffer.alloc(4)
    header.writeInt32BE(length)
    expect(() => decodeAll(header)).toThrow(expect.objectContaining({ code: 'EPROTO' }))
  })

  test('100 levels are sent, 101 and a cycle are refused', () => {
    const build = (depth: number): unknown => (depth === 0 ? 1 : [build(depth - 1)])
    expect(decodeAll(encode(build(MAX_ENCODE_DEPTH)))).toEqual([build(MAX_ENCODE_DEPTH)])
    expect(() => encode(build(MAX_ENCODE_DEPTH + 1))).toThrow(expect.objectContaining({ code: 'EBADDATA' }))
    const cycle: Record<string, unknown> = {}
    cycle.self = new Map([[1, new LpcClass([cycle])]])
    expect(() => encode(cycle)).toThrow(expect.objectContaining({ code: 'EBADDATA' }))
  })

  test('101 levels are read, 102 and 10 000 are undecodable', () => {
    expect(decode(nest(MAX_DECODE_DEPTH))).toBeDefined()
    expect(decode(nest(MAX_DECODE_DEPTH + 1))).toBeUndefined()
    expect(decode(nest(10_000))).toBeUndefined()
    expect(decode('(['.repeat(10_000))).toBeUndefined()
  })

  test('depth counts containers within each other, not beside each other', () => {
    expect(decode(`({${'({}),'.repeat(500)}})`)).toHaveLength(500)
  })

  test('containers beyond their size are undecodable, wide ones within it are read', () => {
    const items = `({${'1,'.repeat(1000)}})`
    expect(decode(items, { maxArray: 1000 })).toHaveLength(1000)
    expect(decode(items, { maxArray: 999 })).toBeUndefined()
    const pairs = '(["a":1,"b":2,])'
    expect(decode(pairs, { maxMapping: 2 })).toEqual({ a: 1, b: 2 })
    expect(decode(pairs, { maxMapping: 1 })).toBeUndefined()
  })

  test('a string with a NUL is refused', () => {
    expect(() => encode({ a: 'x\0y' })).toThrow(expect.objectContaining({ code: 'EBADDATA' }))
  })

  test('a frame of nothing but escaped strings is read in linear time', () => {
    const strings = 14_000
    expect(decode(`({${'"\\a",'.repeat(strings)}})`)).toHaveLength(strings)
  })
})

describe('any stream', () => {
  const stream = Buffer.concat([...golden.map(([value]) => encode(value)), frame('42'), frame('({1,')])

  test('cut at any byte gives the same values', () => {
    const whole = decodeAll(stream)
    expect(whole).toHaveLength(golden.length + 2)
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new Decoder()
      const values: unknown[] = []
      decoder.push(stream.subarray(0, cut), value => values.push(value))
      decoder.push(stream.subarray(cut), value => values.push(value))
      expect(values).toEqual(whole)
    }
  })

  test('byte by byte gives the same values', () => {
    const decoder = new Decoder()
    const values: unknown[] = []
    for (let i = 0; i < stream.length; i++)
      decoder.push(stream.subarray(i, i + 1), value => values.push(value))
    expect(values).toEqual(decodeAll(stream))
  })

  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0')),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter(n => !Number.isSafeInteger(Number(n))),
    fc.integer().map(n => n / 1000),
  )
  const anyValue = fc.letrec(tie => ({
    any: fc.oneof({ depthSize: 'small' }, leaf, tie('list'), tie('class'), tie('record'), tie('map')),
    list: fc.array(tie('any'), { maxLength: 6 }),
    class: fc.array(tie('any'), { maxLength: 4 }).map(members => new LpcClass(members)),
    record: fc.dictionary(
      fc.string().filter(text => !text.includes('\0')),
      tie('any'),
      { maxKeys: 5 },
    ),
    map: fc
      .array(fc.tuple(fc.integer(), tie('any')), { minLength: 1, maxLength: 5 })
      .map(pairs => new Map(pairs)),
  })).any

  test('reads back what was sent', () => {
    fc.assert(
      fc.property(anyValue, value => {
        expect(decodeAll(encode(value), { tolerant: false })).toEqual([value])
      }),
      { numRuns: 300 },
    )
  })

  test('of random text never throws', () => {
    const text = fc
      .array(
        fc.constantFrom(
          '(',
          '{',
          '[',
          '/',
          '}',
          ']',
          ')',
          ',',
          ':',
          '"',
          '\\',
          '\r',
          '1',
          '-',
          '.',
          'e',
          'é',
          '\0',
        ),
      )
      .map(marks => marks.join(''))
    fc.assert(
      fc.property(fc.array(text.filter(Boolean), { minLength: 1 }), fc.boolean(), (texts, tolerant) => {
        expect(decodeAll(Buffer.concat(texts.map(frame)), { tolerant })).toHaveLength(texts.length)
      }),
      { numRuns: 1000 },
    )
  })

  test('of random bytes fails only by a frame out of its limits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        const decoder = new Decoder()
        try {
          decoder.push(bytes.subarray(0, cut), () => {})
          decoder.push(bytes.subarray(cut), () => {})
        } catch (error) {
          expect(error).toMatchObject({ name: 'MudmodeError', code: 'EPROTO' })
        }
      }),
    )
  })
})
