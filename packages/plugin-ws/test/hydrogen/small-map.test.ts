/** A map of few entries is like any other. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SmallMap } from '../../src/hydrogen/small-map.ts'

test('whatever is done to it, it has what a Map has', () => {
  const key = fc.integer({ min: 0, max: 12 }).map(n => `k${n}`)
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('set' as const), key, fc.nat()) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('delete' as const), key, fc.constant(0)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constant('clear' as const), fc.constant(''), fc.constant(0)),
    },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
      const small = new SmallMap<number>()
      const map = new Map<string, number>()
      for (const [what, name, value] of steps) {
        if (what === 'set') {
          small.set(name, value)
          map.set(name, value)
        } else if (what === 'delete') expect(small.delete(name)).toBe(map.delete(name))
        else {
          small.clear()
          map.clear()
        }
        expect([...small.entries()]).toEqual([...map])
        expect([small.size, small.has('k1'), small.get('k1')]).toEqual([
          map.size,
          map.has('k1'),
          map.get('k1'),
        ])
      }
      expect([[...small.keys()], [...small.values()]]).toEqual([[...map.keys()], [...map.values()]])
    }),
  )
})
