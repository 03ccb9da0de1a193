import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DualQueue } from '../src/index.ts'

describe('a dual queue', () => {
  test('wakes the reader for the first item only, until a drain has emptied it', () => {
    let wakes = 0
    const queue = new DualQueue<number>(() => wakes++)
    queue.push(1)
    queue.push(2)
    expect(wakes).toBe(1)
    const read: number[] = []
    expect(queue.drain(item => void read.push(item))).toBe(true)
    expect(read).toEqual([1, 2])
    queue.push(3)
    expect(wakes).toBe(2)
    expect(queue.length).toBe(1)
  })

  test('may be drained by the wake call itself', () => {
    const read: number[] = []
    const queue: DualQueue<number> = new DualQueue(() => void queue.drain(item => void read.push(item)))
    for (let i = 0; i < 5; i++) queue.push(i)
    expect(read).toEqual([0, 1, 2, 3, 4])
    expect(queue.length).toBe(0)
  })

  test('stops after an item, or before it is done with, and goes on from there', () => {
    let wakes = 0
    const queue = new DualQueue<string>(() => wakes++)
    for (const item of ['a', 'b', 'c']) queue.push(item)
    const read: string[] = []
    const note = (answer: 'stop' | 'keep') => (item: string) => {
      read.push(item)
      return answer
    }
    expect(queue.drain(note('keep'))).toBe(false)
    expect(queue.length).toBe(3)
    expect(queue.drain(note('stop'))).toBe(false)
    queue.push('d')
    expect(wakes).toBe(1)
    expect(queue.drain(item => void read.push(item))).toBe(true)
    expect(read).toEqual(['a', 'a', 'b', 'c', 'd'])
  })

  test('a stop at the last item leaves it empty', () => {
    const queue = new DualQueue<number>(() => {})
    queue.push(1)
    expect(queue.drain(() => 'stop')).toBe(true)
  })

  test('reads what the reader pushes meanwhile after what was there', () => {
    const queue = new DualQueue<number>(() => {})
    const read: number[] = []
    queue.push(1)
    queue.push(2)
    queue.drain(item => {
      read.push(item)
      if (item < 10) queue.push(item + 10)
    })
    expect(read).toEqual([1, 2, 11, 12])
  })

  test('loses the item whose reader threw, and no other', () => {
    const queue = new DualQueue<number>(() => {})
    queue.push(1)
    queue.push(2)
    const failing = () => {
      throw new Error('no')
    }
    expect(() => queue.drain(failing)).toThrow('no')
    const read: number[] = []
    expect(queue.drain(item => void read.push(item))).toBe(true)
    expect(read).toEqual([2])
  })

  test('a drain within a drain reads nothing, and the outer one goes on', () => {
    const queue = new DualQueue<number>(() => {})
    for (let i = 0; i < 3; i++) queue.push(i)
    const read: number[] = []
    queue.drain(item => {
      read.push(item)
      expect(queue.drain(inner => void read.push(inner))).toBe(false)
    })
    expect(read).toEqual([0, 1, 2])
  })

  test.each(['keep', 'stop', undefined] as const)('cleared by its reader it is empty, answer %s', answer => {
    let wakes = 0
    const queue = new DualQueue<number>(() => wakes++)
    for (let i = 0; i < 3; i++) queue.push(i)
    const drained = queue.drain(() => {
      queue.clear()
      return answer
    })
    expect([drained, queue.length]).toEqual([true, 0])
    queue.push(1)
    expect(wakes).toBe(2)
  })

  test('refers to no item that was read', async () => {
    setFlagsFromString('--expose-gc')
    const gc: () => void = runInNewContext('gc')
    const queue = new DualQueue<object>(() => {})
    const references = Array.from({ length: 100 }, () => {
      const item = {}
      queue.push(item)
      return new WeakRef(item)
    })
    queue.drain(() => undefined)
    await new Promise(resolve => setImmediate(resolve))
    gc()
    expect(references.filter(reference => reference.deref() !== undefined)).toEqual([])
  })

  test('behaves as a list does, whatever is pushed, read, stopped, kept and cleared', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.nat(40).map(count => ({ push: count })) },
      fc.array(fc.constantFrom('stop', 'keep', undefined), { maxLength: 12 }).map(answers => ({ answers })),
      fc.constant({ clear: true }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        let wakes = 0
        let expectedWakes = 0
        let idle = true
        let next = 0
        const queue = new DualQueue<number>(() => wakes++)
        const model: number[] = []
        for (const one of steps) {
          if ('push' in one) {
            for (let i = 0; i < one.push; i++) {
              queue.push(next)
              model.push(next++)
            }
            if (one.push > 0 && idle) expectedWakes++
            if (one.push > 0) idle = false
          } else if ('answers' in one) {
            const answers = one.answers.values()
            idle = queue.drain(item => {
              expect(item).toBe(model[0])
              const answer = answers.next().value
              if (answer !== 'keep') model.shift()
              return answer
            })
            expect(idle).toBe(model.length === 0)
          } else {
            queue.clear()
            model.length = 0
            idle = true
          }
          expect(queue.length).toBe(model.length)
          expect(wakes).toBe(expectedWakes)
        }
      }),
    )
  })
})
