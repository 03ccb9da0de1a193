import { isSocketError } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { flattenHeaders, parseHeaders, splitHeaders } from '../src/core/index.ts'

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/)
const value = fc.stringMatching(/^[\x21-\x7e\xa0-\xff]([\t\x20-\x7e\xa0-\xff]{0,20}[\x21-\x7e\xa0-\xff])?$/)

describe('flattenHeaders', () => {
  test('gives names and values in turn, one pair for each line of an array', () => {
    expect(flattenHeaders({ 'X-A': '1', 'X-N': 7, 'Set-Cookie': ['a=1', 'b=2'] })).toEqual([
      'X-A',
      '1',
      'X-N',
      '7',
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
    ])
    expect(flattenHeaders({})).toBeNull()
    expect(flattenHeaders(undefined)).toBeNull()
  })

  test.each([
    ['a name with a space', { 'X A': '1' }],
    ['an empty name', { '': '1' }],
    ['a name beyond ASCII', { 'X-Ä': '1' }],
    ['a line break in a value', { 'X-A': 'a\r\nSet-Cookie: b=1' }],
    ['a NUL in a value', { 'X-A': 'a\0' }],
    ['a character beyond Latin-1', { 'X-A': '☃' }],
    ['a value that is no text', { 'X-A': new Date(0) }],
    ['an array of something else', { 'X-A': [1n] }],
    ['no mapping', 'X-A: 1'],
  ])('refuses %s', (_title, headers) => {
    expect(() => flattenHeaders(headers as any)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  test('names the header that is wrong', () => {
    try {
      flattenHeaders({ 'X-Fine': 'a', 'X-Bad': 'a\nb' })
      expect.unreachable()
    } catch (error) {
      expect(isSocketError(error)).toBe(true)
      expect((error as Error).message).toContain('X-Bad')
    }
  })
})

describe('parseHeaders', () => {
  test('joins repeated fields as node:http does', () => {
    const raw = [
      'A',
      '1',
      'a',
      '2',
      'Cookie',
      'x=1',
      'cookie',
      'y=2',
      'Set-Cookie',
      's',
      'Host',
      'h',
      'HOST',
      'i',
    ]
    expect({ ...parseHeaders(raw) }).toEqual({
      a: '1, 2',
      cookie: 'x=1; y=2',
      'set-cookie': ['s'],
      host: 'h',
    })
  })

  test('has no prototype: a header may have any name', () => {
    expect(parseHeaders([]).constructor).toBeUndefined()
    expect(Object.entries(parseHeaders(['__proto__', 'x']))).toEqual([['__proto__', 'x']])
  })

  test('what is flattened, joined, split and parsed comes back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name.toLowerCase() }),
        pairs => {
          const usable = pairs.filter(([name]) => name !== '__proto__' && name.toLowerCase() !== 'set-cookie')
          const flat = flattenHeaders(Object.fromEntries(usable)) ?? []
          const back = parseHeaders(splitHeaders(flat.join('\n')))
          expect({ ...back }).toEqual(
            Object.fromEntries(usable.map(([name, text]) => [name.toLowerCase(), text])),
          )
        },
      ),
    )
  })
})
