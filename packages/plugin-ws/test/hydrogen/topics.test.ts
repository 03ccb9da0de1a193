import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileFilter } from '../../src/hydrogen/topics/compile-filter.ts'
import { checkFilter, type Filter, FilterError } from '../../src/hydrogen/topics/filter.ts'
import { covers, isTopic, parsePattern } from '../../src/hydrogen/topics/name.ts'
import { follows, Position } from '../../src/hydrogen/topics/position.ts'
import { Subscriptions } from '../../src/hydrogen/topics/subscriptions.ts'

const token = fc.constantFrom('a', 'b', 'c')
const topic = fc.array(token, { minLength: 1, maxLength: 4 }).map(tokens => tokens.join('.'))
const pattern = fc
  .tuple(
    fc.array(fc.oneof(token, fc.constant('*')), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '.>'),
  )
  .map(([tokens, end]) => (end && tokens.length === 1 && tokens[0] === '*' ? '>' : tokens.join('.') + end))

/** The rule of a pattern, as a regular expression. */
function matches(of: string, name: string): boolean {
  const source = of
    .split('.')
    .map(part => (part === '*' ? '[^.]+' : part === '>' ? '.+' : part))
    .join('\\.')
  return new RegExp(`^${source}$`).test(name)
}

describe('names', () => {
  test.each(['system', 'printer.3.temperature', 'a/b:c', 'ä.☃'])('%s is a topic', name => {
    expect(isTopic(name)).toBe(true)
  })

  test.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a b',
    'a\u0000',
    'a.*',
    '>',
    'a*',
    'x'.repeat(129),
    `${'a.'.repeat(16)}a`,
  ])('%j is none', name => {
    expect(isTopic(name)).toBe(false)
  })

  test.each(['*', '>', 'a.*.b', 'a.>', '*.*.>', 'a'])('%s is a pattern', text => {
    expect(parsePattern(text)).toEqual(text.split('.'))
  })

  test.each(['', '>.a', 'a*', 'a.b>', '**', 'a..>', '*a.b'])('%j is none', text => {
    expect(parsePattern(text)).toBe(undefined)
  })

  test('one pattern covers another if it matches all that the other does', () => {
    const topics = [
      'a',
      'b',
      'a.a',
      'a.b',
      'b.a',
      'a.b.c',
      'a.a.a',
      'a.b.c.a',
      'd',
      'a.d',
      'd.a',
      'd.d',
      'a.d.d',
      'd.d.d',
      'd.d.d.d',
      'a.b.d',
      'c.d.d.d.d',
      'd.d.d.d.d',
    ]
    fc.assert(
      fc.property(pattern, pattern, topic, (outer, inner, name) => {
        const covered = covers(outer.split('.'), inner.split('.'))
        for (const one of [name, ...topics])
          if (covered && matches(inner, one))
            expect(matches(outer, one), `${outer} ${inner} ${one}`).toBe(true)
        expect(covers(outer.split('.'), name.split('.'))).toBe(matches(outer, name))
      }),
    )
    expect(covers(['*'], ['>'])).toBe(false)
    expect(covers(['>'], ['*', 'b'])).toBe(true)
    expect(covers(['a', '>'], ['a'])).toBe(false)
  })
})

describe('subscriptions', () => {
  test('match what the patterns say, however subscribers come and go', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom('add', 'remove'), pattern: fc.oneof(pattern, topic), who: fc.nat(3) }),
      fc.record({ do: fc.constant('match' as const), topic }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
        const subscriptions = new Subscriptions<number>()
        const model = new Set<string>()
        for (const one of steps) {
          if (!('pattern' in one)) {
            const found: number[] = []
            subscriptions.match(one.topic, who => found.push(who))
            const expected = [...model].map(pair => JSON.parse(pair)).filter(([of]) => matches(of, one.topic))
            expect(found.sort()).toEqual(expected.map(([, who]) => who).sort())
            continue
          }
          const pair = JSON.stringify([one.pattern, one.who])
          if (one.do === 'add') expect(subscriptions.add(one.pattern, one.who)).toBe(!model.has(pair))
          else expect(subscriptions.remove(one.pattern, one.who)).toBe(model.has(pair))
          if (one.do === 'add') model.add(pair)
          else model.delete(pair)
          expect(subscriptions.size).toBe(model.size)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a pattern that is none is not taken', () => {
    const subscriptions = new Subscriptions<number>()
    expect(subscriptions.add('a..b', 1)).toBe(false)
    expect(subscriptions.add('>.a', 1)).toBe(false)
    expect(subscriptions.remove('>.a', 1)).toBe(false)
    expect(subscriptions.size).toBe(0)
  })

  test('patterns that went leave nothing behind', () => {
    const subscriptions = new Subscriptions<number>()
    for (let i = 0; i < 100; i++) subscriptions.add(`a.${i}.*.b${i}.>`, i)
    subscriptions.add('a.*', 1)
    expect(subscriptions.nodes).toBe(303)
    for (let i = 0; i < 100; i++) subscriptions.remove(`a.${i}.*.b${i}.>`, i)
    expect(subscriptions.nodes).toBe(3)
    subscriptions.remove('a.*', 1)
    expect(subscriptions.nodes).toBe(1)
  })

  test('what is remembered of a topic holds only until a pattern comes or goes', () => {
    const subscriptions = new Subscriptions<string>()
    const of = (name: string) => {
      const found: string[] = []
      subscriptions.match(name, who => found.push(who))
      return found.sort()
    }
    subscriptions.add('a.*', 'one')
    expect(of('a.b')).toEqual(['one'])
    subscriptions.add('>', 'two')
    expect(of('a.b')).toEqual(['one', 'two'])
    subscriptions.remove('a.*', 'one')
    expect(of('a.b')).toEqual(['two'])
    for (let i = 0; i < 3000; i++) expect(of(`t${i}`)).toEqual(['two'])
  })
})

describe('filters', () => {
  const attributes = { level: 5, zone: 'north', on: true }

  test.each<[Filter, boolean]>([
    [{ attr: 'level', op: 'eq', value: 5 }, true],
    [{ attr: 'level', op: 'eq', value: '5' }, false],
    [{ attr: 'level', op: 'neq', value: 5 }, false],
    [{ attr: 'none', op: 'eq', value: 5 }, false],
    [{ attr: 'none', op: 'neq', value: 5 }, true],
    [{ attr: 'zone', op: 'in', value: ['south', 'north'] }, true],
    [{ attr: 'zone', op: 'nin', value: ['south', 'north'] }, false],
    [{ attr: 'none', op: 'in', value: ['south'] }, false],
    [{ attr: 'none', op: 'nin', value: ['south'] }, true],
    [{ attr: 'on', op: 'exists' }, true],
    [{ attr: 'toString', op: 'exists' }, false],
    [{ attr: 'level', op: 'gt', value: 5 }, false],
    [{ attr: 'level', op: 'gte', value: 5 }, true],
    [{ attr: 'level', op: 'lt', value: 5 }, false],
    [{ attr: 'level', op: 'lte', value: 5 }, true],
    [{ attr: 'level', op: 'gt', value: '1' }, false],
    [{ attr: 'zone', op: 'gt', value: 'a' }, true],
    [{ attr: 'none', op: 'lt', value: 1 }, false],
    [{ attr: 'zone', op: 'prefix', value: 'nor' }, true],
    [{ attr: 'level', op: 'prefix', value: '5' }, false],
    [
      {
        and: [
          { attr: 'on', op: 'eq', value: true },
          { attr: 'level', op: 'lt', value: 9 },
        ],
      },
      true,
    ],
    [
      {
        and: [
          { attr: 'on', op: 'eq', value: true },
          { attr: 'level', op: 'gt', value: 9 },
        ],
      },
      false,
    ],
    [
      {
        or: [
          { attr: 'on', op: 'eq', value: false },
          { attr: 'level', op: 'lt', value: 9 },
        ],
      },
      true,
    ],
    [
      {
        or: [
          { attr: 'on', op: 'eq', value: false },
          { attr: 'level', op: 'gt', value: 9 },
        ],
      },
      false,
    ],
    [{ not: { attr: 'on', op: 'exists' } }, false],
  ])('%j is %s', (filter, holds) => {
    expect(compileFilter(checkFilter(filter))(attributes)).toBe(holds)
  })

  const deep = (levels: number): unknown =>
    levels === 0 ? { attr: 'a', op: 'exists' } : { not: deep(levels - 1) }

  test.each<[unknown, string]>([
    [null, ''],
    ['a', ''],
    [[], ''],
    [{}, ''],
    [{ and: [] }, 'and'],
    [{ and: {} }, 'and'],
    [
      {
        and: [
          { attr: 'a', op: 'exists' },
          { attr: 'a', op: 'is' },
        ],
      },
      'and[1]',
    ],
    [{ or: [{ not: { nor: [] } }] }, 'or[0].not'],
    [{ and: [{ attr: 'a', op: 'exists' }], or: [] }, ''],
    [{ attr: '', op: 'exists' }, ''],
    [{ attr: 1, op: 'exists' }, ''],
    [{ attr: 'a', op: 'exists', value: 1 }, ''],
    [{ attr: 'a', op: 'exists', other: 1 }, ''],
    [{ attr: 'a', op: 'eq' }, ''],
    [{ attr: 'a', op: 'eq', value: null }, ''],
    [{ attr: 'a', op: 'eq', value: Number.NaN }, ''],
    [{ attr: 'a', op: 'eq', value: 'x'.repeat(257) }, ''],
    [{ attr: 'a', op: 'gt', value: true }, ''],
    [{ attr: 'a', op: 'in', value: [] }, ''],
    [{ attr: 'a', op: 'in', value: 'abc' }, ''],
    [{ attr: 'a', op: 'in', value: [[]] }, ''],
    [{ attr: 'a', op: 'in', value: Array(65).fill(1) }, ''],
    [{ attr: 'a', op: 'prefix', value: 1 }, ''],
    [{ attr: 'a', op: 'toString', value: 1 }, ''],
    [deep(8), 'not.not.not.not.not.not.not.not'],
    [{ or: Array(64).fill({ attr: 'a', op: 'exists' }) }, 'or[63]'],
  ])('%j is none', (filter, path) => {
    let error: unknown
    try {
      checkFilter(filter)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(FilterError)
    expect(error).toMatchObject({ code: 'bad_filter', path })
  })

  test('whatever arrives is a filter or is refused, and a filter never throws', () => {
    const value = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('a', 'b', ''), fc.boolean())
    const comparison = fc.record({
      attr: fc.constantFrom('a', 'b', '__proto__'),
      op: fc.constantFrom('eq', 'neq', 'in', 'nin', 'exists', 'gt', 'lte', 'prefix'),
      value: fc.oneof(value, fc.array(value, { maxLength: 3 }), fc.constant(undefined)),
    })
    const good = fc.oneof(
      fc.record({ attr: fc.constantFrom('a', 'b', '__proto__'), op: fc.constantFrom('eq', 'neq'), value }),
      fc.record({ attr: fc.constant('a'), op: fc.constantFrom('gt', 'lte'), value: fc.integer() }),
      fc.record({ attr: fc.constant('b'), op: fc.constant('nin'), value: fc.array(value, { minLength: 1 }) }),
      fc.record({ attr: fc.constant('b'), op: fc.constantFrom('exists') }),
    )
    const { filter } = fc.letrec(tie => ({
      filter: fc.oneof(
        { depthSize: 'small' },
        { weight: 4, arbitrary: good },
        comparison,
        fc.record({ not: tie('filter') }),
        fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
        fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
      ),
    }))
    let taken = 0
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: filter }, fc.jsonValue()),
        fc.dictionary(fc.constantFrom('a', 'b'), value),
        (one, facts) => {
          let checked: Filter
          try {
            checked = checkFilter(one)
          } catch (error) {
            expect(error).toBeInstanceOf(FilterError)
            return
          }
          taken++
          const holds = compileFilter(checked)
          expect(compileFilter({ not: checked })(facts)).toBe(!holds(facts))
        },
      ),
      { numRuns: 1000 },
    )
    expect(taken).toBeGreaterThan(50)
  })
})

describe('a position', () => {
  test('a filter is not a gap: what it holds back is bridged by prev', () => {
    const position = new Position(5)
    expect(position.deliver(6)).toBe(undefined)
    position.hold(7)
    position.hold(8)
    expect([position.offset, position.delivered]).toEqual([8, 6])
    expect(position.deliver(9)).toBe(6)
    expect(follows(6, 9, 6)).toBe(true)
    expect(follows(6, 9)).toBe(false)
    expect(position.deliver(10)).toBe(undefined)
  })

  test('what will not come, and was told, is bridged too; what was lost before that is still found', () => {
    const position = new Position(3)
    position.skip(6)
    expect([position.offset, position.delivered]).toEqual([6, 6])
    position.skip(2)
    expect(position.deliver(7)).toBe(undefined)
    expect(follows(6, 7)).toBe(true)
    expect(follows(3, 7)).toBe(false)
  })

  test('a client finds every event that is missing, and none that was held back', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('deliver', 'hold', 'lose')), fates => {
        const position = new Position(0)
        let last = 0
        let lost = false
        for (const [i, fate] of fates.entries()) {
          const offset = i + 1
          if (fate === 'hold') position.hold(offset)
          else {
            const prev = position.deliver(offset)
            if (fate === 'lose') lost = true
            else {
              expect(follows(last, offset, prev)).toBe(!lost)
              last = offset
              lost = false
            }
          }
          expect(position.offset).toBe(offset)
        }
      }),
    )
  })
})
