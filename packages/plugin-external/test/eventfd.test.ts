import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kernel } from '@unisock/kernel'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXTERNAL_EVENTFD, EXTERNAL_EVENTFD_SEMAPHORE } from '../src/index.ts'
import { eventfdOwner } from '../src/owner/signal.ts'
import { externalKernel, ISOLATIONS, opened, until } from './support/kernel.ts'

const MAX = 2n ** 64n - 2n
const count = (counter_value: number | bigint) => ({ event_type: 'signal', counter_value })

let runtime: string
let earlier: string | undefined
beforeAll(() => {
  runtime = mkdtempSync(join(tmpdir(), 'unisock-runtime-'))
  earlier = process.env.XDG_RUNTIME_DIR
  process.env.XDG_RUNTIME_DIR = runtime
})
afterAll(() => {
  if (earlier === undefined) delete process.env.XDG_RUNTIME_DIR
  else process.env.XDG_RUNTIME_DIR = earlier
  rmSync(runtime, { recursive: true })
})
const groupFolder = (name: string): string => join(runtime, `unisock-${process.geteuid!()}`, name)

describe.each(ISOLATIONS)('an eventfd over %s', isolation => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await externalKernel(isolation)
  })
  afterAll(() => kernel.close())

  test('is there from create on, counts what is written, and is reset by being read', async () => {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
    kernel.write(fd, 3)
    expect(await messages.next()).toEqual(count(3))
    kernel.write(fd, 1)
    expect(await messages.next()).toEqual(count(1))
    expect(kernel.getOption(fd, EXTERNAL_EVENTFD_SEMAPHORE)).toBe(false)
    await kernel.close(fd)
  })

  test('adds up what comes while nobody reads, none lost', async () => {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
    for (let i = 1; i <= 1000; i++) kernel.write(fd, i)
    for (let sum = 0; sum < 500_500; ) sum += (await messages.next()).counter_value as number
    expect(messages.size).toBe(0)
    await kernel.close(fd)
  })

  test('as a semaphore tells of each by itself', async () => {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD, [[EXTERNAL_EVENTFD_SEMAPHORE, true]])
    kernel.write(fd, 3)
    for (let i = 0; i < 3; i++) expect(await messages.next()).toEqual(count(1))
    await kernel.close(fd)
  })

  test('takes counts of 64 bits, as bigints or as eight bytes, and makes nothing of 0', async () => {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
    kernel.write(fd, 0)
    kernel.write(fd, 2n ** 60n)
    expect(await messages.next()).toEqual(count(2n ** 60n))
    kernel.write(fd, Buffer.from([1, 2, 0, 0, 0, 0, 0, 0]))
    expect(await messages.next()).toEqual(count(513))
    kernel.write(fd, MAX)
    expect(await messages.next()).toEqual(count(MAX))
    await kernel.close(fd)
  })

  test('waits when it is full, and loses nothing', async () => {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
    kernel.write(fd, MAX)
    kernel.write(fd, MAX)
    kernel.write(fd, 5)
    let sum = 0n
    while (sum < 2n * MAX + 5n) sum += BigInt((await messages.next()).counter_value)
    expect(sum).toBe(2n * MAX + 5n)
    await kernel.close(fd)
  })

  test.each([
    ['ETYPENOTSUPP', 'text'],
    ['ETYPENOTSUPP', null],
    ['ETYPENOTSUPP', { counter_value: 1 }],
    ['EINVAL', Buffer.alloc(7)],
    ['EINVAL', Buffer.alloc(9)],
    ['EINVAL', Buffer.alloc(8, 255)],
    ['EINVAL', -1],
    ['EINVAL', 1.5],
    ['EINVAL', Number.NaN],
    ['EINVAL', 2 ** 60],
    ['EINVAL', 2n ** 64n],
  ])('refuses with %s to be written %s, and lives on', async (code, value) => {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
    expect(() => kernel.write(fd, value as never)).toThrow(expect.objectContaining({ code, op: 'write' }))
    kernel.write(fd, 1)
    expect(await messages.next()).toEqual(count(1))
    await kernel.close(fd)
  })

  test('of a group gets what any member is written', async () => {
    const members = Array.from({ length: 3 }, () => opened(kernel, EXTERNAL_EVENTFD))
    for (const { fd } of members) await kernel.bind(fd, 'maintenance')
    const stranger = opened(kernel, EXTERNAL_EVENTFD)
    await kernel.bind(stranger.fd, 'another')
    kernel.write(members[0]!.fd, 7)
    for (const { messages } of members) expect(await messages.next()).toEqual(count(7))
    await kernel.close(members[0]!.fd)
    kernel.write(members[1]!.fd, 2)
    for (const { messages } of members.slice(1)) expect(await messages.next()).toEqual(count(2))
    expect(stranger.messages.size + members[0]!.messages.size).toBe(0)
    for (const { fd } of [...members, stranger]) await kernel.close(fd)
    expect(existsSync(groupFolder('maintenance')), 'the last one takes the group away').toBe(false)
  })

  test.each(['', '../up', 'a/b', '.hidden', 'x'.repeat(65)])('has no group named %j', async name => {
    const { fd } = opened(kernel, EXTERNAL_EVENTFD)
    await expect(kernel.bind(fd, name)).rejects.toMatchObject({ code: 'EBADADDR' })
    await kernel.close(fd)
  })
})

test('a group reaches the other processes of the user, and forgets those that were killed', async () => {
  await using kernel = await externalKernel('thread')
  const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
  await kernel.bind(fd, 'crew')
  const program = `
    import { createKernel } from '@unisock/kernel'
    import { EXTERNAL_EVENTFD, external } from '@unisock/plugin-external'
    const kernel = await createKernel({ plugins: [external({ isolation: 'inline' })] })
    const fd = kernel.create(EXTERNAL_EVENTFD, (fd, signal) => console.log(signal.counter_value))
    await kernel.bind(fd, 'crew')
    kernel.write(fd, 5)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('../../../test', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', text => (said += text))
  expect(await messages.next()).toEqual(count(5))
  await until(() => said === '5\n')
  kernel.write(fd, 8)
  expect(await messages.next()).toEqual(count(8))
  await until(() => said === '5\n8\n')
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(readdirSync(groupFolder('crew'))).toHaveLength(2)
  kernel.write(fd, 1)
  expect(await messages.next()).toEqual(count(1))
  expect(readdirSync(groupFolder('crew'))).toHaveLength(1)
})

test('a group is not trusted to a directory that others may enter', async () => {
  await using kernel = await externalKernel('inline')
  mkdirSync(groupFolder('shared'), { recursive: true, mode: 0o700 })
  chmodSync(groupFolder('shared'), 0o777)
  const { fd } = opened(kernel, EXTERNAL_EVENTFD)
  await expect(kernel.bind(fd, 'shared')).rejects.toMatchObject({ code: 'ESECURITY' })
})

test('every count crosses as it is', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: MAX }), value => {
      const wire = eventfdOwner.encode!(value) as number | string
      const { counter_value } = eventfdOwner.receive!(wire, undefined as never, 0) as {
        counter_value: number | bigint
      }
      expect(BigInt(counter_value)).toBe(value)
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(value)
      expect(eventfdOwner.encode!(bytes)).toBe(wire)
    }),
  )
})
