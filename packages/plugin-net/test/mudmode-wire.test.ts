import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Decoder, encode, LpcClass, type LpcValue, MAX_DECODE_DEPTH } from '../src/mudmode/index.ts'
import { fromWire, type LpcWire, toTagged, toWire } from '../src/mudmode/wire.ts'

const text = fc.string({ unit: 'grapheme' }).filter(value => !value.includes('\0'))
const tag = fc.constantFrom('array', 'mapping', 'map', 'class', 'int')
const leaf = fc.oneof(
  text,
  tag,
  fc.constant('__proto__'),
  fc.integer(),
  fc.integer().map(n => n / 1000),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
)
const anyValue = fc.letrec<{
  any: LpcValue
  list: LpcValue
  class: LpcValue
  record: LpcValue
  map: LpcValue
}>(tie => ({
  any: fc.oneof({ depthSize: 'small' }, leaf, tie('list'), tie('class'), tie('record'), tie('map')),
  list: fc.array(tie('any'), { maxLength: 6 }),
  class: fc.array(tie('any'), { maxLength: 4 }).map(members => new LpcClass(members)),
  record: fc
    .array(fc.tuple(fc.oneof(text, tag, fc.constant('__proto__')), tie('any')), { maxLength: 5 })
    .map(pairs => Object.assign(Object.create(null), Object.fromEntries(pairs)) as LpcValue),
  map: fc
    .array(fc.tuple(fc.oneof(fc.integer(), fc.array(fc.integer(), { maxLength: 2 })), tie('any')), {
      minLength: 1,
      maxLength: 5,
    })
    .map(pairs => new Map<LpcValue, LpcValue>(pairs)),
})).any

const isPlain = (wire: LpcWire): boolean =>
  wire === null ||
  typeof wire === 'string' ||
  typeof wire === 'number' ||
  (Array.isArray(wire) && wire.every(isPlain))

/** Through another thread's memory, as a port carries it. */
const crossed = (value: LpcValue | undefined) => fromWire(structuredClone(toTagged(value)))

function nest(depth: number): LpcValue {
  return depth === 0 ? 1 : [nest(depth - 1)]
}

describe('a value on its way to the owner', () => {
  test('crosses as strings, numbers, null and arrays of these, and is the same behind it', () => {
    fc.assert(
      fc.property(anyValue, value => {
        const wire = toTagged(value)
        expect(isPlain(wire)).toBe(true)
        expect(fromWire(structuredClone(wire))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  test('that could not be read is null there, undefined behind it', () => {
    expect(toTagged(undefined)).toEqual(['scalar', null])
    expect(crossed(undefined)).toBe(undefined)
  })

  test.each<[LpcValue, LpcWire]>([
    [0, 0],
    ['array', 'array'],
    [9223372036854775807n, ['int', '9223372036854775807']],
    [[], ['array']],
    [{}, ['mapping']],
    [{ a: [1] }, ['mapping', 'a', ['array', 1]]],
    [new Map([[[1], 'x']]) as LpcValue, ['map', ['array', 1], 'x']],
    [new LpcClass(['array']), ['class', 'array']],
  ])('%o has the form %j', (value, wire) => {
    expect(toWire(value)).toEqual(wire)
  })

  test('keeps a key named __proto__ a key', () => {
    const mapping = crossed(Object.assign(Object.create(null), { ['__proto__']: 1 })) as Record<
      string,
      LpcValue
    >
    expect(Object.keys(mapping)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(mapping)).toBe(null)
  })

  test('has as many levels as a frame may have, and no more of them than the value', () => {
    const levels = (wire: LpcWire): number =>
      Array.isArray(wire) ? 1 + Math.max(...wire.slice(1).map(item => levels(item as LpcWire))) : 0
    expect(levels(toTagged(nest(MAX_DECODE_DEPTH)))).toBe(MAX_DECODE_DEPTH)
    expect(crossed(nest(MAX_DECODE_DEPTH))).toEqual(nest(MAX_DECODE_DEPTH))
  })
})

/** Values as the owner gets them from a stream cut at these places, and what ended it. */
function received(stream: Uint8Array, cuts: readonly number[], maxFrame?: number) {
  const decoder = new Decoder({ maxFrame, tolerant: false })
  const values: (LpcValue | undefined)[] = []
  const places = [...new Set(cuts.map(cut => cut % (stream.length + 1)))].sort((a, b) => a - b)
  let code: string | undefined
  try {
    for (let i = 0; i <= places.length; i++)
      decoder.push(stream.subarray(places[i - 1] ?? 0, places[i]), value => values.push(crossed(value)))
  } catch (error) {
    code = (error as { code: string }).code
  }
  return { values, code }
}

/** A frame that says it is so long. */
function announced(length: number, payload = ''): Buffer {
  const header = Buffer.alloc(4)
  header.writeInt32BE(length)
  return Buffer.concat([header, Buffer.from(payload)])
}

describe('a stream of frames, up to the owner', () => {
  const cuts = fc.array(fc.nat(2000), { maxLength: 12 })

  test('gives the values that were sent, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 6 }), cuts, (values, places) => {
        const stream = Buffer.concat(values.map(encode))
        expect(received(stream, places)).toEqual({ values, code: undefined })
      }),
      { numRuns: 300 },
    )
  })

  test('takes frames up to the limit, and ends at the first beyond it, wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }),
        cuts,
        (sizes, places) => {
          const limit = 40
          const stream = Buffer.concat(sizes.map(size => announced(size, '7'.padEnd(size, '\0'))))
          const tooLong = sizes.findIndex(size => size > limit)
          const readable = tooLong < 0 ? sizes.length : tooLong
          expect(received(stream, places, limit)).toEqual({
            values: Array(readable).fill(7),
            code: tooLong < 0 ? undefined : 'EPROTO',
          })
        },
      ),
    )
  })

  test.each([0, -1, -(2 ** 31), 2 ** 31 - 1, 262_145])(
    'ends at a length of %d, after the values before it, and reads nothing behind it',
    length => {
      const stream = Buffer.concat([encode('before'), announced(length), encode('behind')])
      for (let cut = 0; cut <= stream.length; cut++)
        expect(received(stream, [cut])).toEqual({ values: ['before'], code: 'EPROTO' })
    },
  )

  test('with a length that is not its own reads other frames, and never more than it has', () => {
    fc.assert(
      fc.property(anyValue, fc.integer({ min: -8, max: 8 }), cuts, (value, off, places) => {
        const frame = Buffer.from(encode(value))
        frame.writeInt32BE(frame.readInt32BE(0) + off)
        const whole = received(frame, [])
        expect(received(frame, places)).toEqual(whole)
        expect([undefined, 'EPROTO']).toContain(whole.code)
      }),
      { numRuns: 300 },
    )
  })

  test('that is cut off gives the whole frames of it', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 4 }), fc.nat(1000), (values, cut) => {
        const frames = values.map(encode)
        const stream = Buffer.concat(frames)
        const length = cut % stream.length
        let end = 0
        const whole = frames.filter(frame => (end += frame.length) <= length).length
        expect(received(stream.subarray(0, length), [])).toEqual({
          values: values.slice(0, whole),
          code: undefined,
        })
      }),
    )
  })
})
