import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  matches,
  PatternError,
  parsePattern,
  patternKey,
  patternShape,
  toOpenApiPath,
  toRouterPath,
} from '../src/pattern.ts'

describe('a pattern', () => {
  test('has literal segments and typed parameters', () => {
    const { params, segments } = parsePattern('/users/{id:int}/keys/{key:uuid}/{name}/{rest*}')
    expect(segments[0]).toBe('users')
    expect(params).toEqual([
      { name: 'id', type: 'int' },
      { name: 'key', type: 'uuid' },
      { name: 'name', type: 'text' },
      { name: 'rest', type: 'rest' },
    ])
  })

  test.each([
    ['users', 0, 'leading /'],
    ['/a//b', 3, 'empty segment'],
    ['/a/{id', 3, 'missing }'],
    ['/a/{}', 4, 'parameter name'],
    ['/a/{id:float}', 6, '{id:int}'],
    ['/a/{id?}', 6, '{id:int}'],
    ['/a/x{id}', 4, 'whole segment'],
    ['/a/{id}.json', 7, 'whole segment'],
    ['/{id}/b/{id}', 8, 'twice'],
    ['/{rest*}/b', 1, 'must come last'],
    ['/a b', 2, 'cannot be part'],
    ['/a?b', 2, 'cannot be part'],
    ['/a%20b', 2, 'cannot be part'],
    ['/*', 1, 'cannot be part'],
    ['/a/../b', 3, 'never send'],
  ])('%s is refused at position %i', (source, position, reason) => {
    const parse = () => parsePattern(source)
    expect(parse).toThrow(PatternError)
    expect(parse).toThrow(reason)
    expect(parse).toThrow(expect.objectContaining({ position }))
  })

  test('has a key without names, a shape without types and an OpenAPI path', () => {
    const pattern = parsePattern('/u/{id:int}/{name}/{rest*}')
    expect(patternKey(pattern)).toBe('/u/{:int}/{}/{*}')
    expect(patternShape(pattern)).toBe('/u/{#}/{}/{*}')
    expect(toOpenApiPath(pattern)).toBe('/u/{id}/{name}/{rest}')
    expect(patternKey(parsePattern('/u/{n:int}/{m}/{r*}'))).toBe(patternKey(pattern))
    expect(patternKey(parsePattern('/u/{n}/{m}/{r*}'))).not.toBe(patternKey(pattern))
  })
})

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/)
const literal = fc.stringMatching(/^[A-Za-z0-9:._~-]{1,6}$/).filter(text => text !== '.' && text !== '..')
const int = fc.integer({ min: 0, max: 999_999_999 }).map(String)
const text = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter(value => !/\p{Surrogate}/u.test(value))

interface Segment {
  pattern: string
  path: string
  param?: [name: string, value: string]
}

const segment = fc.oneof(
  literal.map((value): Segment => ({ pattern: value, path: encodeURI(value) })),
  fc
    .tuple(name, int)
    .map(([key, value]): Segment => ({ pattern: `{${key}:int}`, path: value, param: [key, value] })),
  fc
    .tuple(name, fc.uuid())
    .map(([key, value]): Segment => ({ pattern: `{${key}:uuid}`, path: value, param: [key, value] })),
  fc.tuple(name, text).map(
    ([key, value]): Segment => ({
      pattern: `{${key}}`,
      path: encodeURIComponent(value),
      param: [key, value],
    }),
  ),
)
const segments = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .filter(
    list =>
      new Set(list.flatMap(item => item.param?.[0] ?? [])).size === list.filter(item => item.param).length,
  )

const require = createRequire(createRequire(import.meta.url).resolve('fastify'))
const findMyWay = require('find-my-way') as (options: object) => {
  on(method: 'GET', path: string, handler: () => void): void
  find(method: 'GET', path: string): { params: Record<string, string> } | null
}

test('a path built from a pattern is found by it, with the same parameters', () => {
  fc.assert(
    fc.property(segments, list => {
      const pattern = parsePattern(`/${list.map(item => item.pattern).join('/')}`)
      const router = findMyWay({ maxParamLength: 1024 })
      router.on('GET', toRouterPath(pattern), () => undefined)
      const found = router.find('GET', `/${list.map(item => item.path).join('/')}`)
      const values = pattern.params.map((param, index) => [param.name, found?.params[`p${index}`]])
      expect(values).toEqual(list.flatMap(item => (item.param ? [item.param] : [])))
    }),
  )
})

test('a pattern matches the paths that the router finds by it', () => {
  const part = fc.oneof(int, fc.uuid(), literal, fc.constantFrom('', 'a', 'x1', '1.5'))
  fc.assert(
    fc.property(segments, fc.array(part, { maxLength: 5 }), fc.boolean(), (list, parts, rest) => {
      const path = rest ? [...list.map(item => decodeURIComponent(item.path)), ...parts] : parts
      const pattern = parsePattern(`/${list.map(item => item.pattern).join('/')}${rest ? '/{more*}' : ''}`)
      const router = findMyWay({ maxParamLength: 1024 })
      router.on('GET', toRouterPath(pattern), () => undefined)
      const found = router.find('GET', `/${path.map(encodeSegment).join('/')}`)
      const empty = pattern.params.some(
        ({ type }, index) => type === 'text' && found?.params[`p${index}`] === '',
      )
      expect(matches(pattern, path)).toBe(found !== null && !empty)
    }),
  )
})

/** Percent-encoding that leaves what may stand in a segment (RFC 3986 section 3.3) as it is. */
const encodeSegment = (segment: string) => encodeURIComponent(segment).replaceAll('%3A', ':')

test('any text is a pattern or a PatternError, and a pattern is its own canonical form', () => {
  const noise = fc.string({ unit: fc.constantFrom('/', '{', '}', ':', '*', 'a', 'int', '.', ' ', '%') })
  fc.assert(
    fc.property(noise, source => {
      try {
        const pattern = parsePattern(source)
        expect(patternKey(parsePattern(source))).toBe(patternKey(pattern))
        expect(() => findMyWay({}).on('GET', toRouterPath(pattern), () => undefined)).not.toThrow()
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError)
        expect((error as PatternError).position).toBeLessThanOrEqual(source.length)
      }
    }),
  )
})
