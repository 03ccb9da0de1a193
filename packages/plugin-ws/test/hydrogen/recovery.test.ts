import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Gap } from '../../src/hydrogen/envelope/index.ts'
import { TopicHistory } from '../../src/hydrogen/history/topic-history.ts'
import { answerPosition, positionOf, TopicRecovery } from '../../src/hydrogen/recovery/index.ts'

const state = { epoch: 'e', top: 20, first: 11 }

describe('the answer to a position', () => {
  test('a subscription without one gets one before any event, also where nothing was ever published', () => {
    expect(answerPosition(state)).toEqual({
      epoch: 'e',
      offset: 20,
      top: 20,
      recovered: false,
      wasRecovering: false,
    })
    expect(answerPosition({ epoch: 'e', top: 0, first: 1 })).toMatchObject({ offset: 0 })
  })

  test('a resume after zero events recovers: the position of the first answer is good', () => {
    const quiet = { epoch: 'e', top: 0, first: 1 }
    const { epoch, offset } = answerPosition(quiet)
    expect(answerPosition(quiet, { epoch, offset })).toMatchObject({ recovered: true, offset: 0 })
    expect(answerPosition({ ...quiet, top: 3 }, { epoch, offset })).toMatchObject({
      recovered: true,
      offset: 0,
      top: 3,
    })
  })

  test.each([
    [20, true],
    [19, true],
    [10, true],
    [9, false],
    [0, false],
  ])('with 11 to 20 kept, a client that has %i recovers: %s', (offset, recovered) => {
    expect(answerPosition(state, { epoch: 'e', offset })).toMatchObject({ recovered, wasRecovering: true })
  })

  test('what is missing is named exactly, and the tail comes if it is wanted', () => {
    expect(answerPosition(state, { epoch: 'e', offset: 5 })).toEqual({
      epoch: 'e',
      offset: 20,
      top: 20,
      recovered: false,
      wasRecovering: true,
      reason: 'gap',
      gap: { from: 6, to: 20 },
    })
    expect(answerPosition(state, { epoch: 'e', offset: 5, partial: true })).toMatchObject({
      recovered: false,
      offset: 10,
      gap: { from: 6, to: 10 },
      truncatedFrom: 11,
    })
  })

  test('history that has all expired is a gap up to the top; long quiet alone is none', () => {
    const expired = { epoch: 'e', top: 20, first: 21 }
    expect(answerPosition(expired, { epoch: 'e', offset: 20 })).toMatchObject({ recovered: true })
    expect(answerPosition(expired, { epoch: 'e', offset: 18, partial: true })).toMatchObject({
      offset: 20,
      gap: { from: 19, to: 20 },
    })
  })

  test('a restarted server has another epoch: nothing is guessed, whatever the offset', () => {
    for (const offset of [0, 15, 20, 99])
      expect(answerPosition(state, { epoch: 'old', offset })).toEqual({
        epoch: 'e',
        offset: 20,
        top: 20,
        recovered: false,
        wasRecovering: true,
        reason: 'epoch',
      })
    expect(answerPosition(state, { epoch: 'old', offset: 3, partial: true })).toMatchObject({
      reason: 'epoch',
      offset: 10,
      truncatedFrom: 11,
    })
  })

  test('a position beyond the top is not of this topic', () => {
    expect(answerPosition(state, { epoch: 'e', offset: 21, partial: true })).toEqual({
      epoch: 'e',
      offset: 20,
      top: 20,
      recovered: false,
      wasRecovering: true,
      reason: 'ahead',
    })
  })
})

test('what a client says of its position is looked at before it is used', () => {
  expect(positionOf({ epoch: 'e', offset: 15, more: 1 })).toEqual({
    epoch: 'e',
    offset: 15,
    partial: undefined,
  })
  expect(positionOf({ epoch: 'e', offset: 0, partial: true })).toEqual({
    epoch: 'e',
    offset: 0,
    partial: true,
  })
  const wrong = [null, 1, [], { epoch: 'e' }, { epoch: 'e', offset: -1 }, { epoch: 'e', offset: 1.5 }]
  const odd = [
    { epoch: 1, offset: 1 },
    { epoch: 'e'.repeat(129), offset: 1 },
    { epoch: 'e', offset: 1, partial: 1 },
  ]
  for (const value of [...wrong, ...odd]) expect(positionOf(value)).toBeUndefined()
})

interface Item {
  readonly offset: number
  readonly bytes: number
}

class Sink {
  readonly got: (number | string)[] = []
  /** Ends of what was got, in order: every offset is in one. */
  readonly told: Gap[] = []

  publication({ offset }: Item): void {
    this.got.push(offset)
    this.told.push({ from: offset, to: offset })
  }

  gap(gap: Gap): void {
    this.got.push(`${gap.from}-${gap.to}`)
    this.told.push(gap)
  }
}

const items = (from: number, to: number): Item[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({ offset: from + i, bytes: 1 }))

describe('a recovery', () => {
  test('is nothing where the client has everything, and live publications go through', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 5, 5)
    expect(recovery.wanted).toBe(undefined)
    for (const one of items(6, 7)) recovery.live(one)
    expect(sink.got).toEqual([6, 7])
    expect(recovery.offset).toBe(7)
  })

  test('reads page by page, however long the gap is, and live publications that race it come once and after it', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 0, 1000)
    let pages = 0
    for (let from = recovery.wanted; from !== undefined; from = recovery.wanted) {
      if (pages === 2) for (const one of items(1001, 1003)) recovery.live(one)
      recovery.page(items(from, Math.min(from + 99, 1003)))
      if (pages++ === 5) recovery.live({ offset: 1004, bytes: 1 })
    }
    expect(pages).toBe(10)
    expect(sink.got).toEqual(items(1, 1004).map(({ offset }) => offset))
    expect(recovery.buffered).toBe(0)
  })

  test('a live publication that is also in the page comes once', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 3, 5)
    recovery.live({ offset: 6, bytes: 1 })
    recovery.page(items(4, 6))
    recovery.live({ offset: 6, bytes: 1 })
    recovery.live({ offset: 7, bytes: 1 })
    expect(sink.got).toEqual([4, 5, 6, 7])
  })

  test('what history let go of meanwhile is an exact gap', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 0, 10)
    recovery.page(items(1, 3))
    recovery.page(items(7, 8))
    recovery.live({ offset: 11, bytes: 1 })
    recovery.page([])
    expect(sink.got).toEqual([1, 2, 3, '4-6', 7, 8, '9-10', 11])
    expect(recovery.wanted).toBe(undefined)
  })

  test('what history let go of, but came live, is not a gap', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 0, 2)
    for (const one of items(3, 4)) recovery.live(one)
    recovery.page(items(4, 4))
    expect(sink.got).toEqual(['1-2', 3, 4])
  })

  test('keeps no more live publications than its buffer holds, and reads the others from history', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 0, 2, 3)
    for (const one of items(3, 20)) {
      recovery.live(one)
      expect(recovery.buffered).toBeLessThanOrEqual(3)
    }
    for (let from = recovery.wanted; from !== undefined; from = recovery.wanted)
      recovery.page(items(from, from + 4))
    expect(sink.got).toEqual(items(1, 20).map(({ offset }) => offset))
  })

  test('a hole between live publications is found, and filled from history', () => {
    const sink = new Sink()
    const recovery = new TopicRecovery<Item>(sink, 0, 0)
    recovery.live({ offset: 1, bytes: 1 })
    recovery.live({ offset: 4, bytes: 1 })
    recovery.live({ offset: 5, bytes: 1 })
    recovery.live({ offset: 8, bytes: 1 })
    expect([sink.got, recovery.wanted]).toEqual([[1], 2])
    recovery.page(items(2, 8))
    expect(sink.got).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('whatever races: each offset comes once and in order, or in one gap, and only if history let go of it', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ publish: fc.integer({ min: 1, max: 3 }), arrives: fc.boolean() }) },
      { weight: 3, arbitrary: fc.record({ page: fc.integer({ min: 1, max: 6 }) }) },
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80, size: 'max' }),
        fc.nat(30),
        fc.nat(30),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(6),
        (steps, before, position, kept, buffer) => {
          const limits = { maxCount: kept, maxBytes: 1e6, maxAge: 1e6, metaTtl: 1e6 }
          const history = new TopicHistory<number>(limits, 0, 'e')
          let lowest = 1
          const publish = () => {
            const publication = history.append(0, 1, 0)
            lowest = history.state(0).first
            return publication
          }
          for (let i = 0; i < before; i++) publish()
          const answer = answerPosition(history.state(0), {
            epoch: 'e',
            offset: Math.min(before, position),
            partial: true,
          })
          const sink = new Sink()
          const recovery = new TopicRecovery<Item>(sink, answer.offset, answer.top, buffer)
          const page = (limit: number) => {
            const from = recovery.wanted
            if (from === undefined) return
            recovery.page(history.read({ from, limit }, 0))
            for (const one of sink.told) if (one.to > one.from) expect(one.from).toBeLessThan(lowest)
          }
          for (const one of steps) {
            if ('page' in one) page(one.page)
            else
              for (let i = 0; i < one.publish; i++) {
                const publication = publish()
                if (one.arrives) recovery.live(publication)
                expect(recovery.buffered).toBeLessThanOrEqual(buffer)
              }
          }
          recovery.live(publish())
          for (let i = 0; recovery.wanted !== undefined; i++) {
            expect(i).toBeLessThan(100)
            page(3)
          }
          let last = answer.offset
          for (const { from, to } of sink.told) {
            expect(from).toBe(last + 1)
            last = to
          }
          expect(last).toBe(history.state(0).top)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
