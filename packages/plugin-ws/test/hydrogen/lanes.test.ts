import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Lane } from '../../src/hydrogen/envelope/index.ts'
import {
  DEFAULT_LANES,
  type GapNotice,
  type LaneSet,
  Lanes,
  type Queued,
} from '../../src/hydrogen/lanes/index.ts'
import { FakeClock } from './support/fake-clock.ts'

const small: LaneSet = [
  { maxBytes: 100, overflow: 'close', weight: 1 },
  { maxBytes: 100, overflow: 'close', weight: 16 },
  { maxBytes: 100, overflow: 'close', weight: 4 },
  { maxBytes: 100, overflow: 'drop-oldest', weight: 1 },
]

const lanesOf = (lanes: LaneSet = DEFAULT_LANES, clock = new FakeClock()) =>
  new Lanes<string>(clock, { lanes })

function drain(lanes: Lanes<string>): string[] {
  const out: string[] = []
  for (let next = lanes.next(); next; next = lanes.next()) out.push(next.frame ?? `gap ${next.topic}`)
  return out
}

describe('lanes', () => {
  test('give nothing where nothing waits', () => {
    const lanes = lanesOf()
    expect(lanes.next()).toBe(undefined)
    expect([lanes.size, lanes.bytes]).toEqual([0, 0])
    expect(lanes.counts(3)).toEqual({ size: 0, bytes: 0, dropped: 0, conflated: 0 })
  })

  test('keep the order of each, and let control go first', () => {
    const lanes = lanesOf()
    for (const lane of [3, 2, 1, 0] as const)
      for (const i of [1, 2]) lanes.push(lane, { frame: `${lane}.${i}`, bytes: 1 })
    const out = drain(lanes)
    expect(out.slice(0, 2)).toEqual(['0.1', '0.2'])
    for (const lane of [1, 2, 3])
      expect(out.filter(one => one.startsWith(`${lane}`))).toEqual([`${lane}.1`, `${lane}.2`])
  })

  test('share by weight in bytes, whatever the size of the frames', () => {
    const lanes = lanesOf([
      small[0],
      { maxBytes: 1e6, overflow: 'close', weight: 16 },
      { maxBytes: 1e6, overflow: 'close', weight: 4 },
      { maxBytes: 1e6, overflow: 'close', weight: 1 },
    ])
    const sizes = { 1: 10, 2: 100, 3: 500 }
    for (const lane of [1, 2, 3] as const)
      for (let sum = 0; sum + sizes[lane] <= 1e6; sum += sizes[lane])
        lanes.push(lane, { frame: `${lane}`, bytes: sizes[lane] })
    const sent = { 1: 0, 2: 0, 3: 0 }
    while (sent[1] < 500_000) {
      const lane = Number(lanes.next()!.frame) as 1 | 2 | 3
      sent[lane] += sizes[lane]
    }
    expect(sent[2] / sent[1]).toBeCloseTo(4 / 16, 2)
    expect(sent[3] / sent[1]).toBeCloseTo(1 / 16, 2)
  })

  test('a high message that comes while a megabyte of bulk is being written is at most one message behind', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(10_000), fc.nat(20), (taken, waited, highBefore) => {
        const clock = new FakeClock()
        const lanes = lanesOf(DEFAULT_LANES, clock)
        for (let i = 0; i < 255; i++) lanes.push(3, { frame: 'bulk', bytes: 4096 })
        for (let i = 0; i < highBefore; i++) lanes.push(1, { frame: 'early', bytes: 300 })
        for (let early = highBefore; early > 0; ) if (lanes.next()!.frame === 'early') early--
        for (let i = 0; i < taken; i++) lanes.next()
        clock.advance(waited)
        lanes.push(1, { frame: 'high', bytes: 100 })
        expect([lanes.next()!.frame, lanes.next()!.frame]).toContain('high')
      }),
    )
  })

  test('a lane that was quiet has saved nothing up: it gets its share from then on', () => {
    const lanes = lanesOf()
    lanes.push(3, { frame: 'bulk', bytes: 4096 })
    lanes.next()
    for (let i = 0; i < 250; i++) {
      lanes.push(1, { frame: 'high', bytes: 4096 })
      lanes.next()
    }
    for (let i = 0; i < 20; i++) {
      lanes.push(3, { frame: 'bulk', bytes: 4096 })
      lanes.push(1, { frame: 'high', bytes: 4096 })
    }
    const first = Array.from({ length: 16 }, () => lanes.next()!.frame)
    expect(first.slice(0, 2)).toContain('high')
    expect(first.filter(frame => frame === 'bulk').length).toBeLessThanOrEqual(2)
  })

  test('no lane starves: bulk is sent also while high never ends', () => {
    const lanes = lanesOf()
    lanes.push(3, { frame: 'bulk', bytes: 1000 })
    lanes.push(3, { frame: 'bulk', bytes: 1000 })
    let high = 0
    for (let seen = 0; seen < 2; ) {
      lanes.push(1, { frame: 'high', bytes: 1000 })
      if (lanes.next()!.frame === 'bulk') seen++
      else high++
    }
    expect(high).toBeGreaterThanOrEqual(14)
    expect(high).toBeLessThanOrEqual(32)
  })

  test('what has waited too long is served at every second turn, even against control', () => {
    const clock = new FakeClock()
    const lanes = lanesOf(DEFAULT_LANES, clock)
    for (let i = 0; i < 3; i++) lanes.push(3, { frame: 'bulk', bytes: 50_000 })
    clock.advance(5000)
    for (let i = 0; i < 3; i++) lanes.push(0, { frame: 'control', bytes: 1 })
    expect(drain(lanes)).toEqual(['bulk', 'control', 'bulk', 'control', 'bulk', 'control'])
  })

  test('what is sent again goes ahead of what was never sent, in its own order', () => {
    const lanes = lanesOf()
    for (const frame of ['new 1', 'new 2']) lanes.push(2, { frame, bytes: 1 })
    for (const frame of ['again 1', 'again 2']) lanes.push(2, { frame, bytes: 1 }, true)
    expect(drain(lanes)).toEqual(['again 1', 'again 2', 'new 1', 'new 2'])
  })

  test('a full lane: normal and bulk are slow, control and high overflow, and nothing is taken', () => {
    const lanes = lanesOf(small)
    for (const lane of [0, 1, 2] as const) expect(lanes.push(lane, { frame: 'a', bytes: 100 })).toBe('queued')
    expect(([0, 1, 2] as const).map(lane => lanes.push(lane, { frame: 'b', bytes: 1 }))).toEqual([
      'overflow',
      'overflow',
      'slow',
    ])
    expect(drain(lanes)).toEqual(['a', 'a', 'a'])
  })

  test('bulk drops the oldest, counts it, and the next frame of the topic tells of the gap', () => {
    const dropped: string[] = []
    const lanes = new Lanes<string>(new FakeClock(), {
      lanes: small,
      onDrop: ({ frame }, why) => dropped.push(`${frame} ${why}`),
    })
    for (let offset = 1; offset <= 5; offset++)
      lanes.push(3, { frame: `${offset}`, bytes: 40, topic: 't', offset })
    expect(dropped).toEqual(['1 overflow', '2 overflow', '3 overflow'])
    expect(lanes.counts(3)).toEqual({ size: 2, bytes: 80, dropped: 3, conflated: 0 })
    expect(lanes.next()).toMatchObject({ frame: '4', gap: { from: 1, to: 3 } })
    expect((lanes.next() as Queued<string>).gap).toBe(undefined)
  })

  test('a frame too large for its lane is dropped alone, and told of when nothing else is', () => {
    const lanes = lanesOf(small)
    lanes.push(3, { frame: '1', bytes: 10, topic: 't', offset: 1 })
    expect(lanes.push(3, { frame: '2', bytes: 101, topic: 't', offset: 2 })).toBe('queued')
    lanes.push(3, { frame: 'x', bytes: 10, topic: 'other', offset: 9 })
    expect(lanes.next()).toMatchObject({ frame: '1' })
    expect(lanes.next()).toMatchObject({ frame: 'x' })
    expect(lanes.next()).toEqual({ topic: 't', gap: { from: 2, to: 2 } })
    expect(lanes.next()).toBe(undefined)
  })

  test('a frame that stands for several offsets is missed as all of them', () => {
    const lanes = lanesOf(small)
    lanes.push(3, { frame: 'gap', bytes: 60, topic: 't', from: 1, offset: 3 })
    lanes.push(3, { frame: '4', bytes: 60, topic: 't', offset: 4, key: 'k' })
    lanes.push(3, { frame: 'gap', bytes: 101, topic: 't', from: 5, offset: 7 })
    lanes.push(3, { frame: 'gap', bytes: 30, topic: 't', from: 8, offset: 9, key: 'k' })
    lanes.push(3, { frame: 'gap', bytes: 30, topic: 't', from: 10, offset: 11, key: 'k' })
    expect(lanes.next()).toMatchObject({ frame: 'gap', offset: 11, gap: { from: 1, to: 9 } })
    expect(lanes.next()).toBe(undefined)
  })

  test('such a frame that is superseded is missed as all of them too', () => {
    const lanes = lanesOf()
    lanes.push(3, { frame: 'gap', bytes: 1, topic: 't', from: 8, offset: 9, key: 'k' })
    lanes.push(3, { frame: '10', bytes: 1, topic: 't', offset: 10, key: 'k' })
    expect(lanes.next()).toMatchObject({ frame: '10', gap: { from: 8, to: 9 } })
  })

  test('whoever is told of a dropped frame may push at once: the order of the lane holds', () => {
    const told: string[] = []
    const lanes: Lanes<string> = new Lanes(new FakeClock(), {
      lanes: small,
      onDrop: ({ frame }, why) => {
        told.push(`${frame} ${why}`)
        if (told.length <= 2) lanes.push(3, { frame: `after ${frame}`, bytes: 10 })
      },
    })
    lanes.push(3, { frame: 'a', bytes: 50, key: 'k' })
    lanes.push(3, { frame: 'b', bytes: 50 })
    lanes.push(3, { frame: 'c', bytes: 50, key: 'k' })
    lanes.push(3, { frame: 'd', bytes: 40 })
    expect(told).toEqual(['a superseded', 'b overflow', 'c overflow'])
    expect(drain(lanes)).toEqual(['after a', 'after b', 'd'])
    expect(lanes.counts(3)).toMatchObject({ dropped: 2, conflated: 1 })
  })

  test('a key keeps only its newest frame, which takes the last place, and the offsets left out are told', () => {
    const lanes = lanesOf()
    const keys = ['a', 'b', 'a', 'c', 'b']
    for (const [i, key] of keys.entries())
      lanes.push(3, { frame: `${key}${i + 1}`, bytes: 1, topic: 't', offset: i + 1, key })
    const seen = Array.from({ length: 3 }, () => lanes.next()) as Queued<string>[]
    expect(seen.map(({ frame, gap }) => [frame, gap])).toEqual([
      ['a3', { from: 1, to: 2 }],
      ['c4', undefined],
      ['b5', undefined],
    ])
    expect(lanes.counts(3).conflated).toBe(2)
    expect(lanes.next()).toBe(undefined)
  })

  test('are empty once they are cleared', () => {
    const lanes = lanesOf(small)
    for (let offset = 1; offset < 9; offset++)
      lanes.push(3, { frame: 'a', bytes: 60, topic: 't', offset, key: 'k' })
    lanes.clear()
    expect([lanes.next(), lanes.size, lanes.bytes]).toEqual([undefined, 0, 0])
  })

  test('lose nothing silently, keep the order of each topic, and hold no more bytes than they may', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          lane: fc.nat(3),
          topic: fc.nat(1),
          bytes: fc.integer({ min: 1, max: 60 }),
          key: fc.option(fc.nat(2), { nil: undefined }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ take: fc.nat(4), wait: fc.constantFrom(0, 10, 6000) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), steps => {
        const clock = new FakeClock()
        const lanes = lanesOf(small, clock)
        const published = new Map<string, number>()
        const seen = new Map<string, number>()
        const take = (next: Queued<string> | GapNotice) => {
          const topic = next.topic!
          if (next.gap) {
            expect(next.gap.from).toBe((seen.get(topic) ?? 0) + 1)
            seen.set(topic, next.gap.to)
          }
          if (next.frame === undefined) return
          expect(next.offset).toBe((seen.get(topic) ?? 0) + 1)
          seen.set(topic, next.offset!)
        }
        for (const one of steps) {
          if ('take' in one) {
            clock.advance(one.wait)
            for (let i = 0; i < one.take; i++) {
              const next = lanes.next()
              if (next) take(next)
            }
            continue
          }
          const topic = `${one.lane}.${one.topic}`
          const offset = (published.get(topic) ?? 0) + 1
          const key = one.lane === 3 && one.key !== undefined ? `${topic}.${one.key}` : undefined
          const pushed = lanes.push(one.lane as Lane, { frame: topic, bytes: one.bytes, topic, offset, key })
          if (pushed === 'queued') published.set(topic, offset)
          for (const lane of [0, 1, 2, 3] as const) expect(lanes.counts(lane).bytes).toBeLessThanOrEqual(100)
        }
        for (let next = lanes.next(); next; next = lanes.next()) take(next)
        expect(seen).toEqual(published)
        expect([lanes.size, lanes.bytes]).toEqual([0, 0])
      }),
      { numRuns: 500 },
    )
  })

  test('conflation that never ends takes no more room than the keys do', () => {
    const lanes = lanesOf()
    let offset = 0
    for (let i = 0; i < 20_000; i++) {
      const key = i % 100 === 0 ? 'rare' : `${i % 7}`
      lanes.push(3, { frame: key, bytes: 1, topic: 't', offset: ++offset, key })
    }
    expect(lanes.size).toBe(8)
    const told: [number, number][] = []
    for (let next = lanes.next(); next; next = lanes.next()) {
      if (next.gap) told.push([next.gap.from, next.gap.to])
      if (next.frame !== undefined) told.push([next.offset!, next.offset!])
    }
    expect(told[0]![0]).toBe(1)
    for (let i = 1; i < told.length; i++) expect(told[i]![0]).toBe(told[i - 1]![1] + 1)
    expect(told.at(-1)![1]).toBe(20_000)
  })
})
