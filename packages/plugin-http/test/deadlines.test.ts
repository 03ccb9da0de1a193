import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Deadlines, Timed } from '../src/core/server/deadlines.ts'

class Item extends Timed {
  expired = 0

  override expire(): void {
    this.expired++
  }
}

describe('Deadlines', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('expire in order, each after its time', () => {
    const deadlines = new Deadlines(100)
    const [first, second] = [new Item(), new Item()]
    deadlines.set(first)
    vi.advanceTimersByTime(60)
    deadlines.set(second)
    vi.advanceTimersByTime(60)
    expect([first.expired, second.expired]).toEqual([1, 0])
    vi.advanceTimersByTime(60)
    expect([first.expired, second.expired]).toEqual([1, 1])
  })

  test('do not expire when they were cleared, wherever they stood', () => {
    const deadlines = new Deadlines(100)
    const items = Array.from({ length: 5 }, () => new Item())
    for (const item of items) deadlines.set(item)
    for (const index of [2, 0, 4]) deadlines.clear(items[index]!)
    vi.advanceTimersByTime(150)
    expect(items.map(item => item.expired)).toEqual([0, 1, 0, 1, 0])
    deadlines.clear(items[1]!)
  })

  test('one that is set again lies the whole time ahead', () => {
    const deadlines = new Deadlines(100)
    const item = new Item()
    deadlines.set(item)
    vi.advanceTimersByTime(80)
    deadlines.set(item)
    vi.advanceTimersByTime(80)
    expect(item.expired).toBe(0)
    vi.advanceTimersByTime(30)
    expect(item.expired).toBe(1)
  })

  test('one may be set while others expire', () => {
    const deadlines = new Deadlines(100)
    class Again extends Item {
      override expire(): void {
        super.expire()
        if (this.expired < 3) deadlines.set(this)
      }
    }
    const item = new Again()
    deadlines.set(item)
    vi.advanceTimersByTime(1000)
    expect(item.expired).toBe(3)
  })

  test('a length of 0 sets none, and leaves no timer', () => {
    const deadlines = new Deadlines(0)
    deadlines.set(new Item())
    expect(vi.getTimerCount()).toBe(0)
  })

  test('many share one timer', () => {
    const deadlines = new Deadlines(100)
    for (let i = 0; i < 1000; i++) deadlines.set(new Item())
    expect(vi.getTimerCount()).toBe(1)
  })
})
