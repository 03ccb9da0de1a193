import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Loop, LoopHandle } from '../src/loop/index.ts'

/** A thread that runs the body with `handle` made whole from what was posted. */
function thread(handle: LoopHandle<any>, body: string): Worker {
  const module = new URL('../src/loop/index.ts', import.meta.url).href
  return new Worker(
    `import { workerData } from 'node:worker_threads'
     const { LoopHandle } = await import(workerData.module)
     const handle = LoopHandle.from(workerData.handle)
     ${body}`,
    { eval: true, execArgv: ['--input-type=module'], workerData: { handle, module } },
  )
}

const code = (name: string) => expect.objectContaining({ code: name })

describe('a loop', () => {
  test('has its ext data, and gives it to deferred functions', async () => {
    using loop = new Loop({ ext: { name: 'mine' } })
    let name: string | undefined
    loop.defer(({ ext }) => {
      name = ext.name
    })
    expect(name).toBeUndefined()
    await loop.run()
    expect(name).toBe('mine')
  })

  test('runs until nothing is open', async () => {
    using loop = new Loop()
    await loop.run()
    const timer = loop.createTimer()
    timer.set(5, 0, () => {})
    expect(loop.handle().isLoopRunning()).toBe(false)
    const run = loop.run()
    expect(loop.handle().isLoopRunning()).toBe(true)
    await run
    expect([timer.isActive, loop.handle().isLoopRunning()]).toEqual([false, false])
  })

  test('runs until it is stopped, and can be run again', async () => {
    using loop = new Loop()
    for (let i = 0; i < 2; i++) {
      loop.defer(it => it.stop())
      await loop.run({ untilStopped: true })
    }
    expect(loop.isValid()).toBe(true)
  })

  test('stopped in a deferred function, it leaves the rest for the next run', async () => {
    using loop = new Loop()
    const ran: number[] = []
    for (let i = 0; i < 4; i++)
      loop.defer(it => {
        ran.push(i)
        if (i === 1) it.stop()
      })
    await loop.run()
    expect(ran).toEqual([0, 1])
    await loop.run()
    expect(ran).toEqual([0, 1, 2, 3])
  })

  test('does not run twice at once', async () => {
    using loop = new Loop()
    const run = loop.run({ untilStopped: true })
    await expect(loop.run()).rejects.toThrow(code('ERR_LOOP_ALREADY_RUNNING'))
    await expect(loop.runSimple()).rejects.toThrow(code('ERR_LOOP_ALREADY_RUNNING'))
    loop.stop()
    await run
  })

  test('runs simply without deferred functions, which wait', async () => {
    using loop = new Loop()
    let ran = 0
    loop.defer(() => ran++)
    loop.createTimer().set(5, 0, () => {})
    await loop.runSimple()
    expect(ran).toBe(0)
    await loop.run()
    expect(ran).toBe(1)
  })

  test('disposed of, it ends its run and takes nothing more', async () => {
    const loop = new Loop()
    const handle = loop.handle()
    const run = loop.run({ untilStopped: true })
    await loop[Symbol.asyncDispose]()
    await run
    expect([loop.isValid(), handle.isValid(), handle.isLoopRunning()]).toEqual([false, false, false])
    await expect(loop.run()).rejects.toThrow(code('ERR_LOOP_NOT_RUNNING'))
    expect(() => handle.defer(() => {})).toThrow(code('ERR_LOOP_NOT_RUNNING'))
    expect(() => handle.defer('name')).toThrow(code('ERR_LOOP_NOT_RUNNING'))
    expect(() => loop.register('name', () => {})).toThrow(code('ERR_LOOP_NOT_RUNNING'))
    expect(() => loop.createSocketContext()).toThrow(code('ERR_SOCKET_CONTEXT_CREATION'))
  })

  test('cannot be made with a queue of no size', () => {
    expect(() => new Loop({ maxDeferredBytes: -1 })).toThrow(code('ERR_LOOP_CREATION'))
  })

  test('keeps its thread alive while it runs, and no longer', async () => {
    const module = new URL('../src/loop/index.ts', import.meta.url).href
    const worker = new Worker(
      `import { parentPort, workerData } from 'node:worker_threads'
       const { Loop } = await import(workerData)
       const loop = new Loop()
       loop.register('stop', it => it.stop())
       parentPort.postMessage(loop.handle())
       await loop.run({ untilStopped: true })
       parentPort.postMessage('over')`,
      { eval: true, execArgv: ['--input-type=module'], workerData: module },
    )
    const exit = once(worker, 'exit')
    const [posted] = await once(worker, 'message')
    const handle = LoopHandle.from(posted)
    expect([handle.isOnLoopThread(), handle.isValid()]).toEqual([false, true])
    const over = once(worker, 'message')
    handle.defer('stop')
    expect(await over).toEqual(['over'])
    expect(await exit).toEqual([0])
  })
})

describe('deferred functions', () => {
  test('run in the order in which they were deferred, named or not', async () => {
    using loop = new Loop()
    const ran: unknown[] = []
    loop.register('note', (_loop, data) => ran.push(data))
    for (let i = 0; i < 100; i += 2) {
      loop.defer('note', i)
      loop.handle().defer(() => ran.push(i + 1))
    }
    await loop.run()
    expect(ran).toEqual(Array.from({ length: 100 }, (_, i) => i))
  })

  test('get a copy of what the data was, in any structure that can be cloned', async () => {
    using loop = new Loop()
    const data = {
      text: 'é',
      bytes: new Uint8Array([1, 2]),
      map: new Map([[1, new Date(0)]]),
      big: 2n ** 70n,
      none: undefined,
    }
    const before = structuredClone(data)
    let got: unknown
    loop.register('note', (_loop, copy) => {
      got = copy
    })
    loop.defer('note', data)
    data.text = 'changed'
    data.bytes[0] = 9
    await loop.run()
    expect(got).toEqual(before)
  })

  test.each([() => {}, Symbol('s'), { deep: [() => {}] }])('refuse data that cannot be cloned: %s', data => {
    using loop = new Loop()
    expect(() => loop.defer('note', data)).toThrow(code('ERR_NOT_CLONEABLE'))
  })

  test('are refused when too much waits', async () => {
    using loop = new Loop({ maxDeferredBytes: 1000 })
    let ran = 0
    loop.register('note', () => ran++)
    loop.defer('note', 'x'.repeat(600))
    expect(() => loop.defer('note', 'x'.repeat(600))).toThrow(code('ERR_ALLOCATION_FAILED'))
    await loop.run()
    loop.defer('note', 'x'.repeat(600))
    await loop.run()
    expect(ran).toBe(2)
  })

  test('of an unknown or unregistered name go to the error handler, as does what they throw', async () => {
    const errors: any[] = []
    using loop = new Loop({ onError: error => errors.push(error) })
    const undo = loop.register('gone', () => {})
    undo()
    loop.defer('never')
    loop.defer('gone')
    loop.defer(() => {
      throw new Error('thrown')
    })
    let ran = false
    loop.defer(() => {
      ran = true
    })
    await loop.run()
    expect(errors.map(error => error.code ?? error.message)).toEqual([
      'ERR_NOT_REGISTERED',
      'ERR_NOT_REGISTERED',
      'thrown',
    ])
    expect(ran).toBe(true)
  })

  test.each([
    ['the error itself', 'new Loop()', 'thrown'],
    ["the handler's", "new Loop({ onError() { throw new Error('by the handler') } })", 'by the handler'],
  ])('whose error nobody handles end their thread with %s', async (_title, make, message) => {
    const module = new URL('../src/loop/index.ts', import.meta.url).href
    const worker = new Worker(
      `import { workerData } from 'node:worker_threads'
       const { Loop } = await import(workerData)
       const loop = ${make}
       loop.defer(() => { throw new Error('thrown') })
       await loop.run({ untilStopped: true })`,
      { eval: true, execArgv: ['--input-type=module'], workerData: module },
    )
    const [error] = await once(worker, 'error')
    expect(error.message).toBe(message)
  })

  test('the undo of a registration leaves the one that came after', async () => {
    using loop = new Loop()
    const ran: string[] = []
    const undo = loop.register('name', () => ran.push('old'))
    loop.register('name', () => ran.push('new'))
    undo()
    loop.defer('name')
    await loop.run()
    expect(ran).toEqual(['new'])
  })

  test('that defer themselves leave the loop to its timers', async () => {
    using loop = new Loop()
    let turns = 0
    const again = (it: Loop): void => {
      turns++
      it.defer(again)
    }
    loop.defer(again)
    loop.createTimer().set(20, 0, () => loop.stop())
    await loop.run()
    expect(turns).toBeGreaterThan(1)
  })

  test('come from other threads, each in its order, and wake an idle loop', async () => {
    using loop = new Loop()
    const next = new Map<string, number>()
    let total = 0
    loop.register('count', (it, { from, i }) => {
      expect(i).toBe(next.get(from) ?? 0)
      next.set(from, i + 1)
      if (++total === 6000) it.stop()
    })
    const run = loop.run({ untilStopped: true })
    const threads = ['a', 'b', 'c'].map(from =>
      thread(loop.handle(), `for (let i = 0; i < 2000; i++) handle.defer('count', { from: '${from}', i })`),
    )
    const exits = threads.map(one => once(one, 'exit'))
    await run
    await Promise.all(exits)
    expect(Object.fromEntries(next)).toEqual({ a: 2000, b: 2000, c: 2000 })
  })

  test('from other threads are names only, and that thread knows that it is another', async () => {
    using loop = new Loop()
    let told: unknown
    loop.register('tell', (it, data) => {
      told = data
      it.stop()
    })
    const run = loop.run({ untilStopped: true })
    const other = thread(
      loop.handle(),
      `let refusal
       try { handle.defer(() => {}) } catch (error) { refusal = error.code }
       handle.defer('tell', { refusal, on: handle.isOnLoopThread(), running: handle.isLoopRunning() })`,
    )
    const exit = once(other, 'exit')
    await run
    await exit
    expect(told).toEqual({ refusal: 'ERR_NOT_ON_LOOP_THREAD', on: false, running: true })
    expect(loop.handle().isOnLoopThread()).toBe(true)
  })

  test('may be given directly by a handle that came back to its own thread', async () => {
    using loop = new Loop({ ext: 7 })
    let got = 0
    LoopHandle.from<number>(structuredClone({ ...loop.handle() })).defer(({ ext }) => {
      got = ext
    })
    await loop.run()
    expect(got).toBe(7)
  })

  test('create timers on the thread of the loop, from another one', async () => {
    using loop = new Loop({ ext: { fired: '' } })
    loop.register('timer', (it, { ms, text }: { ms: number; text: string }) => {
      it.createTimer().set(ms, 0, () => {
        it.ext.fired = text
        it.stop()
      })
    })
    const run = loop.run({ untilStopped: true })
    const other = thread(loop.handle(), `handle.defer('timer', { ms: 5, text: 'Timer from other thread!' })`)
    const exit = once(other, 'exit')
    await run
    await exit
    expect(loop.ext.fired).toBe('Timer from other thread!')
  })
})
