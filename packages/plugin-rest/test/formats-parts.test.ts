import { encode } from 'cborg'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { loadFormat } from '../src/formats/format.ts'
import { RouteFormats } from '../src/formats/formats.ts'
import { isDeeper } from '../src/formats/json-depth.ts'
import { jsonForm } from '../src/formats/json-form.ts'
import { checkMsgpack } from '../src/formats/msgpack-shape.ts'

const json = () => fc.jsonValue({ maxDepth: 5, noUnicodeString: false })
const hasProto = (value: unknown) => JSON.stringify(value).includes('"__proto__"')

describe.each(['msgpack', 'cbor'] as const)('%s', name => {
  test('whatever has a JSON form survives the way there and back', async () => {
    const format = await loadFormat(name)
    fc.assert(
      fc.property(json(), value => {
        fc.pre(!hasProto(value))
        const plain = JSON.parse(JSON.stringify(value))
        expect(format.decode(Buffer.from(format.encode(plain)), 10)).toEqual(plain)
      }),
    )
  })

  test('what is cut off, goes on, or is noise is refused, and never anything else', async () => {
    const format = await loadFormat(name)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), data => {
        try {
          JSON.stringify(format.decode(Buffer.from(data), 20))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
    )
    const whole = Buffer.from(format.encode({ a: [1, 'two'] }))
    for (let length = 0; length < whole.length; length++)
      expect(() => format.decode(whole.subarray(0, length), 10)).toThrow()
    expect(() => format.decode(Buffer.concat([whole, Buffer.from([1])]), 10)).toThrow()
  })

  test('nesting is bounded', async () => {
    const format = await loadFormat(name)
    const nested = (depth: number) => {
      let value: unknown = 1
      for (let i = 0; i < depth; i++) value = [value]
      return Buffer.from(format.encode(value))
    }
    expect(JSON.stringify(format.decode(nested(20), 20))).toBe(`${'['.repeat(20)}1${']'.repeat(20)}`)
    expect(() => format.decode(nested(21), 20)).toThrow('nested too deep')
    const bomb = Buffer.alloc(1_000_000, name === 'cbor' ? 0x81 : 0x91)
    expect(() => format.decode(bomb, 20)).toThrow()
  })

  test('lengths that are only announced cost nothing', async () => {
    const format = await loadFormat(name)
    const array = name === 'cbor' ? [0x9a, 0x01, 0xc0, 0, 0] : [0xdd, 0x01, 0xc0, 0, 0]
    const before = process.memoryUsage().rss
    expect(() => format.decode(Buffer.from(Array(20).fill(array).flat()), 100)).toThrow()
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20)
  })
})

test('values without a JSON form get one', async () => {
  const packr = new Packr({ useRecords: false, int64AsType: 'bigint' })
  const msgpack = await loadFormat('msgpack')
  const value = {
    bytes: Buffer.from('hi'),
    time: new Date(86_400_000),
    small: 5n,
    large: 2n ** 60n,
    map: new Map([[1, 'one']]),
    nothing: undefined,
  }
  const form = {
    bytes: 'aGk=',
    time: '1970-01-02T00:00:00.000Z',
    small: 5,
    large: '1152921504606846976',
    map: { 1: 'one' },
    nothing: null,
  }
  expect(msgpack.decode(Buffer.from(packr.pack(value)), 10)).toEqual(form)
  const cbor = await loadFormat('cbor')
  const { time: _time, ...rest } = value
  const { time: _form, ...restForm } = form
  expect(cbor.decode(Buffer.from(encode(rest)), 10)).toEqual(restForm)
  // RFC 8949 section 3.4.2 and 3.4.3.
  expect(cbor.decode(Buffer.from('c11a00015180', 'hex'), 10)).toBe('1970-01-02T00:00:00.000Z')
  expect(cbor.decode(Buffer.from('c249010000000000000000', 'hex'), 10)).toBe('18446744073709551616')
})

test.each([
  ['a number that is none', Number.NaN],
  ['infinity', { a: Number.POSITIVE_INFINITY }],
  ['a key that is no text', new Map([[{}, 1]])],
  ['__proto__', new Map([['__proto__', 1]])],
  [
    'a key twice',
    new Map<unknown, number>([
      [1, 1],
      ['1', 2],
    ]),
  ],
  ['a time that is none', new Date(Number.NaN)],
  ['a function', () => {}],
])('%s has none', (_title, value) => {
  expect(() => jsonForm(value, 10)).toThrow()
})

test.each([
  ['an extension', Buffer.from([0xd4, 0x78, 0])],
  ['the reserved byte', Buffer.from([0xc1])],
  ['nothing', Buffer.alloc(0)],
])('%s is not taken as MessagePack', (_title, data) => {
  expect(() => checkMsgpack(data, 10)).toThrow()
})

test("JSON's nesting is what its brackets say, strings aside", () => {
  fc.assert(
    fc.property(json(), fc.integer({ min: 1, max: 6 }), (value, limit) => {
      const depth = (item: unknown): number =>
        typeof item === 'object' && item !== null ? 1 + Math.max(0, ...Object.values(item).map(depth)) : 0
      expect(isDeeper(Buffer.from(JSON.stringify(value)), limit)).toBe(depth(value) > limit)
    }),
  )
  const tricky = Buffer.from(JSON.stringify([`${'['.repeat(50)}\\"\\`, '\\', '"[[[']))
  expect(isDeeper(tricky, 2)).toBe(false)
  expect(isDeeper(Buffer.alloc(1000, '['), 100)).toBe(true)
  expect(isDeeper(Buffer.from(`"${'['.repeat(1000)}`), 100)).toBe(false)
})

test.each([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['application/*', 'application/json'],
  ['application/msgpack', 'application/msgpack'],
  ['application/x-msgpack', 'application/x-msgpack'],
  ['application/cbor;q=0.9, application/json;q=0.5', 'application/cbor'],
  ['application/json, application/cbor;q=0.9', 'application/json'],
  ['application/cbor, */*;q=0.1', 'application/cbor'],
  ['text/html', undefined],
  ['application/cbor;q=0', undefined],
  ['nonsense;;;', undefined],
])('an Accept of %s gets %s', async (accept, type) => {
  const formats = (await RouteFormats.load(true))!
  for (let i = 0; i < 2; i++) expect(formats.choose(accept)?.type).toBe(type)
})
