import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newEpoch } from '../../src/hydrogen/history/epoch.ts'
import { TopicHistory } from '../../src/hydrogen/history/topic-history.ts'
import { Histories } from './support/histories.ts'

const limits = { maxCount: 5, maxBytes: 100, maxAge: 1000, metaTtl: 5000 }

describe('the history of a topic', () => {
  test('counts from 1, and has a position before anything is published', () => {
    const history = new TopicHistory<string>(limits, 0)
    expect(history.state(0)).toEqual({ epoch: history.epoch, top: 0, first: 1 })
    expect(history.last(0)).toBe(undefined)
    expect(history.read({ limit: 10 }, 0)).toEqual([])
    expect(history.append('a', 1, 7)).toMatchObject({ offset: 1, time: 7, bytes: 1, frame: 'a' })
    expect(history.last(7)!.frame).toBe('a')
  })

  test('is bounded by count, by bytes and by age', () => {
    const history = new TopicHistory<number>(limits, 0)
    for (let i = 1; i <= 7; i++) history.append(i, 1, 0)
    expect(history.state(0)).toMatchObject({ top: 7, first: 3 })
    history.append(8, 98, 500)
    expect(history.state(500)).toMatchObject({ top: 8, first: 6 })
    expect(history.bytes).toBe(100)
    expect(history.state(1000)).toMatchObject({ top: 8, first: 8 })
    expect(history.state(1500)).toMatchObject({ top: 8, first: 9 })
    expect(history.bytes).toBe(0)
    history.append(9, 101, 1500)
    expect(history.state(1500)).toMatchObject({ top: 9, first: 10 })
  })

  test('keeps nothing but the count where nothing is to be kept', () => {
    const history = new TopicHistory<number>({ ...limits, maxCount: 0 }, 0)
    history.append(1, 1, 0)
    history.append(2, 1, 0)
    expect(history.state(0)).toMatchObject({ top: 2, first: 3 })
  })

  test('reads pages both ways, and what came since', () => {
    const history = new TopicHistory<string>(limits, 0)
    for (const frame of 'abcdefg') history.append(frame, 1, 0)
    const frames = (request: Parameters<typeof history.read>[0]) =>
      history
        .read(request, 0)
        .map(one => one.frame)
        .join('')
    expect(frames({ limit: 2 })).toBe('cd')
    expect(frames({ limit: 9, from: 1 })).toBe('cdefg')
    expect(frames({ limit: 2, from: 5 })).toBe('ef')
    expect(frames({ limit: 2, reverse: true })).toBe('gf')
    expect(frames({ limit: 9, from: 4, reverse: true })).toBe('dc')
    expect(frames({ limit: 9, from: 8 })).toBe('')
    expect(frames({ limit: 9, from: 2, reverse: true })).toBe('')
    expect(frames({ limit: 9, from: 99, reverse: true })).toBe('gfedc')
    expect(history.since(5, 10, 0).map(one => one.frame)).toEqual(['f', 'g'])
  })

  test('is the tail of an array', () => {
    const step = fc.record({ wait: fc.nat(400), bytes: fc.nat(60) })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.nat(70),
        fc.integer({ min: 1, max: 6 }),
        (steps, from, limit) => {
          const history = new TopicHistory<number>(limits, 0)
          const all: { offset: number; time: number; bytes: number }[] = []
          let now = 0
          for (const { wait, bytes } of steps) {
            now += wait
            const { offset } = history.append(now, bytes, now)
            all.push({ offset, time: now, bytes })
            let kept = all.filter(one => one.time > now - limits.maxAge).slice(-limits.maxCount)
            while (kept.reduce((sum, one) => sum + one.bytes, 0) > limits.maxBytes) kept = kept.slice(1)
            expect(history.bytes).toBeLessThanOrEqual(limits.maxBytes)
            // A later trim by bytes never brings back what an earlier one let go.
            const state = history.state(now)
            kept = kept.filter(one => one.offset >= state.first)
            expect(state.top).toBe(all.length)
            expect(history.count).toBe(kept.length)
            expect(history.read({ from, limit }, now).map(one => one.offset)).toEqual(
              kept
                .map(one => one.offset)
                .filter(offset => offset >= from)
                .slice(0, limit),
            )
            expect(history.read({ from, limit, reverse: true }, now).map(one => one.offset)).toEqual(
              kept
                .map(one => one.offset)
                .filter(offset => offset <= from)
                .reverse()
                .slice(0, limit),
            )
          }
        },
      ),
    )
  })
})

describe('epochs', () => {
  test('no two are alike', () => {
    expect(new Set(Array.from({ length: 100 }, () => newEpoch(0))).size).toBe(100)
  })

  test('epoch and top outlive the data, and then a new epoch begins at 1', () => {
    const histories = new Histories<string>(() => limits)
    const before = histories.of('a', 0)
    before.append('x', 1, 0)
    histories.sweep(4999)
    expect(histories.of('a', 4999)).toBe(before)
    expect(before.state(4999)).toEqual({ epoch: before.epoch, top: 1, first: 2 })
    expect(histories.peek('a', 5000)).toBe(undefined)
    const after = histories.of('a', 5000)
    expect(after.epoch).not.toBe(before.epoch)
    expect(after.append('y', 1, 5000).offset).toBe(1)
  })

  test('topics of which nothing is left to know take no room', () => {
    const histories = new Histories<string>(() => limits)
    for (let i = 0; i < 100; i++) histories.of(`t${i}`, i).append('x', 2, i)
    expect(histories.bytes).toBe(200)
    histories.sweep(1050)
    expect([histories.size, histories.bytes]).toEqual([100, 98])
    histories.sweep(6000)
    expect(histories.size).toBe(0)
  })
})
