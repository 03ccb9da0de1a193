import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IdleTimeouts, Loop, TimerWheel, type WheelClock } from '../src/loop/index.ts'

/** A clock that goes when told to. */
class ManualClock implements WheelClock {
  #now = 0
  #pending: { at: number; callback: () => void } | undefined

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const pending = { at: this.#now + ms, callback }
    this.#pending = pending
    return () => {
      if (this.#pending === pending) this.#pending = undefined
    }
  }

  /** Goes on, running what comes due on its way. */
  advance(ms: number): void {
    const end = this.#now + ms
    while (this.#pending && this.#pending.at <= end) {
      const { at, callback } = this.#pending
      this.#pending = undefined
      this.#now = at
      callback()
    }
    this.#now = end
  }

  /** As a blocked thread: time passes, and what came due meanwhile runs late. */
  block(ms: number): void {
    this.#now += ms
    const { callback } = this.#pending!
    this.#pending = undefined
    callback()
  }
}

function counted(wheel: TimerWheel) {
  const fired = { short: 0, long: 0 }
  const item = new IdleTimeouts(
    wheel,
    () => fired.short++,
    () => fired.long++,
  )
  return { item, fired }
}

describe('the timer wheel', () => {
  test('fires in the second after the time is over, once', () => {
    const clock = new ManualClock()
    const { item, fired } = counted(new TimerWheel(clock))
    item.setTimeout(30)
    clock.advance(29_999)
    expect(fired.short).toBe(0)
    clock.advance(1_001)
    expect(fired.short).toBe(1)
    clock.advance(100_000)
    expect(fired).toEqual({ short: 1, long: 0 })
  })

  test('counts long timeouts in minutes, beside the short one', () => {
    const clock = new ManualClock()
    const { item, fired } = counted(new TimerWheel(clock))
    item.setTimeout(90)
    item.setLongTimeout(5)
    clock.advance(299_000)
    expect(fired).toEqual({ short: 1, long: 0 })
    clock.advance(2_000)
    expect(fired).toEqual({ short: 1, long: 1 })
  })

  test('traffic puts both off, and arms them again once they fired', () => {
    const clock = new ManualClock()
    const { item, fired } = counted(new TimerWheel(clock))
    item.setTimeout(10)
    item.setLongTimeout(1)
    for (let i = 0; i < 30; i++) {
      clock.advance(9_000)
      item.touch()
    }
    expect(fired).toEqual({ short: 0, long: 0 })
    clock.advance(61_000)
    expect(fired).toEqual({ short: 1, long: 1 })
    item.touch()
    clock.advance(11_000)
    expect(fired).toEqual({ short: 2, long: 1 })
  })

  test('0 disarms', () => {
    const clock = new ManualClock()
    const wheel = new TimerWheel(clock)
    const { item, fired } = counted(wheel)
    item.setTimeout(5)
    item.setLongTimeout(1)
    item.setTimeout(0)
    item.setLongTimeout(0)
    item.touch()
    clock.advance(120_000)
    expect(fired).toEqual({ short: 0, long: 0 })
    expect(wheel.ticking).toBe(false)
  })

  test('has a timer only while something is armed', () => {
    const clock = new ManualClock()
    const wheel = new TimerWheel(clock)
    const { item } = counted(wheel)
    expect(wheel.ticking).toBe(false)
    item.setTimeout(2)
    expect(wheel.ticking).toBe(true)
    clock.advance(5_000)
    expect(wheel.ticking).toBe(false)
    item.touch()
    expect(wheel.ticking).toBe(true)
    item[Symbol.dispose]()
    clock.advance(1_000)
    expect([wheel.ticking, wheel.size]).toEqual([false, 0])
  })

  test('time in which the thread was blocked finds nobody idle', () => {
    const clock = new ManualClock()
    const { item, fired } = counted(new TimerWheel(clock))
    item.setTimeout(10)
    clock.advance(2_000)
    clock.block(60_000)
    expect(fired.short).toBe(0)
    clock.advance(7_000)
    expect(fired.short).toBe(0)
    clock.advance(2_000)
    expect(fired.short).toBe(1)
  })

  test('a timeout that removes or adds others leaves the rest on time', () => {
    const clock = new ManualClock()
    const wheel = new TimerWheel(clock)
    const fired: number[] = []
    const items: IdleTimeouts[] = []
    const add = (n: number, seconds: number, then: () => void) => {
      const item = new IdleTimeouts(
        wheel,
        () => {
          fired.push(n)
          then()
        },
        () => {},
      )
      item.setTimeout(seconds)
      items.push(item)
    }
    for (let i = 0; i < 6; i++)
      add(i, 3, () => {
        if (i !== 3) return
        for (const gone of [1, 2, 3, 5]) items[gone]![Symbol.dispose]()
        add(9, 2, () => {})
      })
    clock.advance(4_000)
    expect(fired.sort()).toEqual([0, 3, 4, 5])
    clock.advance(4_000)
    expect(fired.sort()).toEqual([0, 3, 4, 5, 9])
    expect(wheel.size).toBe(3)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 10 ** 9])('refuses %d', count => {
    const { item } = counted(new TimerWheel(new ManualClock()))
    expect(() => item.setTimeout(count)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect(() => item.setLongTimeout(count)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  test('agrees with a list of due times, whatever is armed, touched, removed and waited for', () => {
    const step = fc.oneof(
      fc.record({ at: fc.nat(4), seconds: fc.nat(20) }),
      fc.record({ at: fc.nat(4), minutes: fc.nat(1) }),
      fc.record({ touch: fc.nat(4) }),
      fc.record({ remove: fc.nat(4) }),
      fc.nat(20_000).map(wait => ({ wait })),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const clock = new ManualClock()
        const wheel = new TimerWheel(clock)
        const model = Array.from({ length: 5 }, () => ({
          seconds: 0,
          minutes: 0,
          due: Number.POSITIVE_INFINITY,
          longDue: Number.POSITIVE_INFINITY,
        }))
        const items = model.map(
          entry =>
            new IdleTimeouts(
              wheel,
              () => {
                const late = clock.now() - entry.due
                expect(late >= 0 && late <= 1000).toBe(true)
                entry.due = Number.POSITIVE_INFINITY
              },
              () => {
                const late = clock.now() - entry.longDue
                expect(late >= 0 && late <= 1000).toBe(true)
                entry.longDue = Number.POSITIVE_INFINITY
              },
            ),
        )
        const after = (ms: number) => (ms === 0 ? Number.POSITIVE_INFINITY : clock.now() + ms)
        for (const one of steps) {
          if ('wait' in one) clock.advance(one.wait)
          else if ('remove' in one) {
            items[one.remove]![Symbol.dispose]()
            model[one.remove]!.due = model[one.remove]!.longDue = Number.POSITIVE_INFINITY
            model[one.remove]!.seconds = model[one.remove]!.minutes = 0
          } else if ('touch' in one) {
            const entry = model[one.touch]!
            items[one.touch]!.touch()
            if (entry.seconds > 0) entry.due = after(entry.seconds * 1000)
            if (entry.minutes > 0) entry.longDue = after(entry.minutes * 60_000)
          } else if (items[one.at]!.slot === -1) continue
          else if ('seconds' in one) {
            items[one.at]!.setTimeout(one.seconds)
            model[one.at]!.seconds = one.seconds
            model[one.at]!.due = after(one.seconds * 1000)
          } else {
            items[one.at]!.setLongTimeout(one.minutes)
            model[one.at]!.minutes = one.minutes
            model[one.at]!.longDue = after(one.minutes * 60_000)
          }
          for (const entry of model)
            expect(Math.min(entry.due, entry.longDue)).toBeGreaterThan(clock.now() - 1000)
        }
      }),
    )
  })
})

describe('a timer', () => {
  test('fires once after its time, and counts as open until then', async () => {
    using loop = new Loop()
    const timer = loop.createTimer()
    const fired = Promise.withResolvers<boolean>()
    const began = performance.now()
    timer.set(20, 0, one => fired.resolve(one === timer))
    expect([loop.open, timer.isActive]).toEqual([1, true])
    expect(await fired.promise).toBe(true)
    expect(performance.now() - began).toBeGreaterThanOrEqual(19)
    expect([loop.open, timer.isActive]).toEqual([0, false])
  })

  test('repeats until it is closed, by its own callback too', async () => {
    using loop = new Loop()
    const timer = loop.createTimer({ count: 0 })
    timer.set(1, 1, ({ ext }) => {
      if (++ext.count === 3) timer.close()
    })
    await loop.run()
    expect(timer.ext.count).toBe(3)
  })

  test('set, reset and closed before its time, it never fires', async () => {
    using loop = new Loop()
    const timer = loop.createTimer()
    timer.set(1000, 0, () => expect.unreachable())
    timer.reset(2000, 1000)
    timer.close()
    await loop.run()
    expect(loop.open).toBe(0)
  })

  test('takes another time for the same callback by reset', async () => {
    using loop = new Loop()
    const timer = loop.createTimer()
    let fired = 0
    timer.set(100_000, 0, () => fired++)
    timer.reset(1, 1)
    const stop = loop.createTimer()
    const until = () => {
      if (fired < 2) return stop.reset(1, 0)
      timer.reset(0, 0)
    }
    stop.set(1, 0, until)
    await loop.run()
    expect(fired).toBeGreaterThanOrEqual(2)
    expect(timer.isActive).toBe(false)
  })

  test('closed, or of a disposed loop, it belongs to no loop', () => {
    const loop = new Loop()
    const closed = loop.createTimer()
    closed.close()
    const timer = loop.createTimer()
    timer.set(100_000, 0, () => {})
    loop[Symbol.dispose]()
    for (const dead of [closed, timer])
      expect(() => dead.set(1, 0, () => {})).toThrow(expect.objectContaining({ code: 'ERR_TIMER_LOOP_NULL' }))
    expect(timer.isActive).toBe(false)
    expect(() => loop.createTimer()).toThrow(expect.objectContaining({ code: 'ERR_TIMER_CREATION' }))
  })

  test.each([-1, Number.NaN, 2 ** 31])('refuses %d ms and leaves what was set', ms => {
    using loop = new Loop()
    const timer = loop.createTimer()
    timer.set(100_000, 0, () => {})
    expect(() => timer.set(ms, 0, () => {})).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect(() => timer.reset(1, ms)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect([timer.isActive, loop.open]).toEqual([true, 1])
  })

  test('what its callback throws goes to the loop', async () => {
    const errors: unknown[] = []
    using loop = new Loop({ onError: error => errors.push(error) })
    const failure = new Error('no')
    loop.createTimer().set(1, 0, () => {
      throw failure
    })
    await loop.run()
    expect(errors).toEqual([failure])
  })
})
