import { ExpiringMap } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/hydrogen/clock.ts'
import { Histogram } from '../../src/hydrogen/histogram.ts'

describe('the system clock', () => {
  test('never goes back, and is about the wall clock', () => {
    const before = systemClock.now()
    expect(systemClock.now()).toBeGreaterThanOrEqual(before)
    expect(Math.abs(before - Date.now())).toBeLessThan(60_000)
  })

  test('calls back once, unless it is told not to', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    systemClock.after(0, () => resolve('cancelled'))()
    const kept = setTimeout(() => {}, 60_000)
    systemClock.after(1, () => resolve('called'))
    expect(await promise).toBe('called')
    clearTimeout(kept)
  })
})

describe('a map that expires', () => {
  test('forgets after its time, and the oldest when it is full', () => {
    const map = new ExpiringMap<string, number>(100, 2)
    map.set('a', 1, 0)
    map.set('b', 2, 50)
    expect(map.get('a', 99)).toBe(1)
    expect(map.get('a', 100)).toBe(undefined)
    expect(map.full(99)).toBe(true)
    expect(map.full(100)).toBe(false)
    map.set('c', 3, 101)
    map.set('d', 4, 102)
    expect([map.get('b', 103), map.get('c', 103), map.get('d', 103)]).toEqual([undefined, 3, 4])
    expect(map.size).toBe(2)
    expect(map.delete('c')).toBe(true)
    expect(map.get('c', 103)).toBe(undefined)
  })

  test('is a Map whose entries have a time, never larger than it may be', () => {
    const step = fc.record({ key: fc.nat(5), wait: fc.nat(40) })
    fc.assert(
      fc.property(fc.array(step), steps => {
        const map = new ExpiringMap<number, number>(100, 6)
        const set = new Map<number, number>()
        let now = 0
        for (const { key, wait } of steps) {
          now += wait
          map.set(key, now, now)
          set.set(key, now)
          expect(map.size).toBeLessThanOrEqual(6)
          for (const [name, time] of set) expect(map.get(name, now)).toBe(now - time < 100 ? time : undefined)
        }
      }),
    )
  })
})

describe('a histogram', () => {
  test('counts each value in the bucket a linear search would find', () => {
    const bounds = [1, 5, 10]
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(1, 5, 10), fc.double({ min: -1, max: 20, noNaN: true }))),
        values => {
          const histogram = new Histogram(bounds)
          const counts = [0, 0, 0, 0]
          for (const value of values) {
            histogram.record(value)
            const at = bounds.findIndex(bound => value <= bound)
            counts[at < 0 ? 3 : at]!++
          }
          expect(histogram.snapshot()).toMatchObject({ bounds, counts, count: values.length })
        },
      ),
    )
  })

  test('knows below which bound a share lies', () => {
    const histogram = new Histogram([1, 5, 10])
    expect(histogram.quantile(0.5)).toBeNaN()
    for (const value of [0, 0, 3, 7, 99]) histogram.record(value)
    expect([0, 0.4, 0.5, 0.8, 0.81, 1].map(q => histogram.quantile(q))).toEqual([
      1,
      1,
      5,
      10,
      Infinity,
      Infinity,
    ])
    expect(histogram.snapshot().sum).toBe(109)
  })

  test('has bounds that ascend', () => {
    expect(() => new Histogram([1, 1])).toThrow(RangeError)
  })
})
