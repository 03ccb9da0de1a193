import { addressKey } from '@unisock/kernel/plugin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bans } from '../src/limits/bans.ts'
import { TokenBucket } from '../src/limits/token-bucket.ts'

describe('a token bucket', () => {
  test('lets a burst through, then the rate', () => {
    const bucket = new TokenBucket(10, 3, 0)
    expect([0, 0, 0, 0].map(now => bucket.take(1, now))).toEqual([true, true, true, false])
    expect(bucket.wait(1, 0)).toBe(100)
    expect(bucket.take(1, 99)).toBe(false)
    expect(bucket.take(1, 100)).toBe(true)
    expect(bucket.wait(4, 100)).toBe(Infinity)
    expect(bucket.available(1e9)).toBe(3)
  })

  test('gains nothing by a clock that goes back', () => {
    const bucket = new TokenBucket(10, 1, 1000)
    expect(bucket.take(1, 1000)).toBe(true)
    expect(bucket.take(1, 0)).toBe(false)
    expect(bucket.take(1, 1050)).toBe(false)
    expect(bucket.take(1, 1100)).toBe(true)
  })

  test('is exact: it agrees with fractions that are never rounded', () => {
    const step = fc.record({ wait: fc.nat(3000), count: fc.integer({ min: 1, max: 50 }) })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(step),
        (rate, burst, steps) => {
          const bucket = new TokenBucket(rate, burst, 0)
          let now = 0
          let thousandths = BigInt(burst) * 1000n
          for (const { wait, count } of steps) {
            now += wait
            thousandths += BigInt(wait) * BigInt(rate)
            if (thousandths > BigInt(burst) * 1000n) thousandths = BigInt(burst) * 1000n
            const enough = thousandths >= BigInt(count) * 1000n
            if (enough) expect(bucket.wait(count, now)).toBe(0)
            else if (count <= burst) {
              const wait = bucket.wait(count, now)
              const lacking = BigInt(count) * 1000n - thousandths
              expect(
                BigInt(wait) * BigInt(rate) >= lacking && BigInt(wait - 1) * BigInt(rate) < lacking,
              ).toBe(true)
            }
            expect(bucket.take(count, now)).toBe(enough)
            if (enough) thousandths -= BigInt(count) * 1000n
          }
        },
      ),
    )
  })

  test('has a positive rate and burst', () => {
    expect(() => new TokenBucket(0, 1, 0)).toThrow(RangeError)
    expect(() => new TokenBucket(1, Number.NaN, 0)).toThrow(RangeError)
  })
})

describe('bans', () => {
  const options = { threshold: 2, period: 1000, first: 100, factor: 3, longest: 500, memory: 10_000, max: 3 }

  test('come after enough offences in a period, last longer each time, and end', () => {
    const bans = new Bans(options)
    expect(bans.offence('a', 0)).toBe(0)
    expect(bans.remaining('a', 0)).toBe(0)
    expect(bans.offence('a', 10)).toBe(100)
    expect([bans.remaining('a', 10), bans.remaining('a', 109), bans.remaining('a', 110)]).toEqual([100, 1, 0])
    expect(bans.offence('a', 200, 2)).toBe(300)
    expect(bans.offence('a', 600, 2)).toBe(500)
    expect(bans.remaining('b', 600)).toBe(0)
  })

  test('need the offences to lie together', () => {
    const bans = new Bans(options)
    bans.offence('a', 0)
    expect(bans.offence('a', 1000)).toBe(0)
    expect(bans.offence('a', 1500)).toBe(100)
  })

  test('are forgotten after good behaviour, and by pardon', () => {
    const bans = new Bans(options)
    bans.offence('a', 0, 2)
    expect(bans.offence('a', 11_000, 2)).toBe(100)
    expect(bans.pardon('a')).toBe(true)
    expect(bans.remaining('a', 11_000)).toBe(0)
  })

  test('go on where they were kept, and escalate from there', () => {
    const bans = new Bans(options)
    bans.offence('a', 0, 2)
    const next = new Bans(options)
    next.restore('a', bans.count('a', 50), bans.remaining('a', 50), 1000)
    expect([next.remaining('a', 1000), next.remaining('a', 1050)]).toEqual([50, 0])
    expect(next.offence('a', 1100, 2)).toBe(300)
  })

  test('are kept in a table that a flood of peers does not grow', () => {
    const bans = new Bans(options)
    for (let i = 0; i < 1000; i++) bans.offence(`peer ${i}`, i)
    expect(bans.size).toBe(3)
  })
})

describe('what an address is counted by', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['/run/some.sock', '/run/some.sock'],
    ['', ''],
  ])('%j is counted as %j', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })
})
