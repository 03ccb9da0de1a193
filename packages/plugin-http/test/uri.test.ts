import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePath, parseQuery, rawPath, rawQuery } from '../src/core/index.ts'

describe('the target', () => {
  test.each([
    ['/a/b', '/a/b', ''],
    ['/a?x=1&y', '/a', 'x=1&y'],
    ['/a?x=?', '/a', 'x=?'],
    ['/?', '/', ''],
    ['*', '*', ''],
    ['http://host:80/a?b', '/a', 'b'],
    ['http://host', '/', ''],
    ['http://host?b', '/', 'b'],
    ['/a#f?x', '/a', ''],
    ['/a?x#f', '/a', 'x'],
    ['/go?to=http://other/x', '/go', 'to=http://other/x'],
  ])('%s has the path %s and the query %s', (uri, path, query) => {
    expect(rawPath(uri)).toBe(path)
    expect(rawQuery(uri)).toBe(query)
  })
})

describe('decodePath', () => {
  test.each([
    ['/a%20b', '/a b'],
    ['/a+b', '/a+b'],
    ['/%E2%98%83', '/☃'],
    ['/100%', '/100%'],
    ['/%zz%20', '/%zz '],
    ['/%E2%98', '/%E2%98'],
    ['/%ff%E2%98%83%41', '/%ff☃A'],
    ['/%C0%AF', '/%C0%AF'],
  ])('%s is %s', (raw, decoded) => {
    expect(decodePath(raw)).toBe(decoded)
  })

  test('undoes encodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => decodePath(encodeURIComponent(text)) === text),
    )
  })

  test('takes any string, and leaves it alone where there is no escape', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', 'E', '2', '9', '8', 'f', 'g', '/') }), text => {
        const decoded = decodePath(text)
        if (!/%[0-9a-f]{2}/i.test(text)) expect(decoded).toBe(text)
      }),
    )
  })
})

describe('parseQuery', () => {
  test('gives a repeated key an array, a plus a space, and keeps escapes that do not decode', () => {
    expect({ ...parseQuery('a=1&b=2&a=3&c&d=x+y%20z&e=%') }).toEqual({
      a: ['1', '3'],
      b: '2',
      c: '',
      d: 'x y z',
      e: '%',
    })
    expect({ ...parseQuery('') }).toEqual({})
  })

  test('has no prototype', () => {
    expect(Object.getPrototypeOf(parseQuery(''))).toBeNull()
    expect(Object.getPrototypeOf(parseQuery('__proto__=1'))).toBeNull()
    expect(Object.entries(parseQuery('__proto__=1'))).toEqual([['__proto__', '1']])
  })

  test('has every key of more than a thousand', () => {
    const query = Array.from({ length: 3000 }, (_, i) => `k${i}=${i}`).join('&')
    expect(Object.keys(parseQuery(query))).toHaveLength(3000)
  })

  test('reads what URLSearchParams writes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string())), pairs => {
        const query = new URLSearchParams(pairs).toString()
        const expected: Record<string, string | string[]> = Object.create(null)
        for (const [key, text] of new URLSearchParams(query)) {
          const before = expected[key]
          expected[key] =
            before === undefined ? text : Array.isArray(before) ? [...before, text] : [before, text]
        }
        expect(parseQuery(query)).toEqual(expected)
      }),
    )
  })
})
