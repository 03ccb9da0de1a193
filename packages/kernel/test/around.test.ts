import { describe, expect, test } from 'vitest'
import { runAround } from '../src/fds/around.ts'
import type { OwnerFunction } from '../src/registry/functions.ts'

type Next = () => Promise<unknown>

describe('functions around a handler', () => {
  const run = (
    functions: ((message: string, next: Next) => unknown)[],
    handler: (message: string) => unknown,
  ) => {
    const reported: string[] = []
    const result = runAround(functions as OwnerFunction[], handler as OwnerFunction, 'message', error => {
      reported.push(error.message)
    })
    return { result, reported }
  }
  const fails = (): never => {
    throw new Error('failed')
  }

  test('get the message, and what is inside of them', async () => {
    const { result } = run(
      [
        async (message, next) => `${message} 1 ${await next()}`,
        async (message, next) => `${message} 2 ${await next()}`,
      ],
      message => `${message} 3`,
    )
    expect(await result).toBe('message 1 message 2 message 3')
  })

  test('leave the result as it is where they give nothing, and need not wait for it', async () => {
    expect(await run([(_message, next) => void next()], async () => 'result').result).toBe('result')
  })

  test('give nothing where they do not go on', async () => {
    let handled = false
    expect(await run([() => undefined], () => (handled = true)).result).toBeUndefined()
    expect(handled).toBe(false)
  })

  test('see what is thrown inside, and what they throw is seen outside', async () => {
    const { result, reported } = run([async (_message, next) => next().catch(() => 'instead')], fails)
    expect([await result, reported]).toEqual(['instead', []])
    await expect(run([fails], () => 'result').result).rejects.toThrow('failed')
    await expect(run([(_message, next) => void next()], fails).result).rejects.toThrow('failed')
  })

  test('have a failure reported that comes when they have failed themselves', async () => {
    const late = Promise.withResolvers<never>()
    const { result, reported } = run(
      [
        (_message, next) => {
          void next()
          throw new Error('early')
        },
      ],
      () => late.promise,
    )
    await expect(result).rejects.toThrow('early')
    late.reject(new Error('late'))
    await expect.poll(() => reported).toEqual(['late'])
  })

  test('have a failure reported that comes when nobody waits for it any more', async () => {
    const late = Promise.withResolvers<never>()
    const { result, reported } = run(
      [
        (_message, next) => {
          void next()
          return 'early'
        },
      ],
      () => late.promise,
    )
    expect(await result).toBe('early')
    late.reject(new Error('too late'))
    await expect.poll(() => reported).toEqual(['too late'])
  })

  test('go on once', async () => {
    let handled = 0
    const { result } = run(
      [async (_message, next) => [await next(), await next().catch(String)]],
      () => ++handled,
    )
    expect(await result).toEqual([1, expect.stringContaining('twice')])
    expect(handled).toBe(1)
  })
})
