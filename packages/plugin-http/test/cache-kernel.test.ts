import { createKernel, type Fd, type Kernel } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import {
  CACHE_COMPRESSION,
  CACHE_ENABLE,
  CACHE_INVALIDATE_PATTERN,
  CACHE_KEY_PATTERN,
  CACHE_STALE_WHILE_REVALIDATE,
  CACHE_STATISTICS,
  CACHE_STORE,
  CACHE_THREAD_POOL_SIZE,
  CACHE_TTL,
  HTTP_SERVER,
  http,
} from '../src/index.ts'
import { httpKernel, ISOLATIONS, serving, until } from './support/kernel.ts'

/** Counts what is asked, and says the count. */
function counting(kernel: Kernel, headers: Record<string, string> = { 'cache-control': 'max-age=60' }) {
  const counter = { asked: 0 }
  const message = (fd: Fd<any>) => void kernel.write(fd, { headers, body: `answer ${++counter.asked}` })
  return { counter, handlers: { message } }
}

const text = (url: string, init?: RequestInit) => fetch(url, init).then(response => response.text())

describe.each(ISOLATIONS)('over %s', isolation => {
  test('no frame crosses for a hit', async () => {
    await using kernel = await httpKernel(isolation)
    const program = counting(kernel)
    const { server, url } = await serving(kernel, program.handlers, [[CACHE_ENABLE, true]])
    expect(await text(url)).toBe('answer 1')
    await kernel.query(server, CACHE_STATISTICS)
    const frames = () => {
      const { framesIn, framesOut } = kernel.metrics().workers.http!
      return [framesIn, framesOut]
    }
    const before = frames()
    for (let i = 0; i < 50; i++) expect(await text(url)).toBe('answer 1')
    expect(frames()).toEqual(before)
    expect(program.counter.asked).toBe(1)
    expect(await kernel.query(server, CACHE_STATISTICS)).toMatchObject({ hits: 50, misses: 1, entries: 1 })
  })

  test('is renewed behind a stale answer, and invalidated by a pattern', async () => {
    await using kernel = await httpKernel(isolation)
    const program = counting(kernel, { 'cache-control': 'max-age=0, stale-while-revalidate=60' })
    const { server, url } = await serving(kernel, program.handlers, [[CACHE_ENABLE, true]])
    expect(await text(url)).toBe('answer 1')
    expect(await text(url)).toBe('answer 1')
    await until(() => program.counter.asked === 2)
    await expect.poll(() => text(url)).toMatch(/answer [2-9]/)
    await kernel.setOption(server, CACHE_INVALIDATE_PATTERN, '/*')
    expect(kernel.getOption(server, CACHE_INVALIDATE_PATTERN)).toBe('/*')
    const asked = program.counter.asked
    expect(await text(url)).toBe(`answer ${asked + 1}`)
  })

  test('compresses in a pool, which keeps nothing alive', async () => {
    await using kernel = await httpKernel(isolation)
    const body = 'all work and no play '.repeat(500)
    const { url } = await serving(kernel, { message: fd => void kernel.write(fd, body) }, [
      [CACHE_ENABLE, true],
      [CACHE_COMPRESSION, { encodings: ['gzip'] }],
      [CACHE_THREAD_POOL_SIZE, 1],
    ])
    const coding = async () => {
      const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
      expect(await response.text()).toBe(body)
      return response.headers.get('content-encoding')
    }
    await expect.poll(coding, { timeout: 10_000 }).toBe('gzip')
  })
})

test('options that make no sense are refused', async () => {
  await using kernel = await httpKernel('inline')
  const server = kernel.create(HTTP_SERVER, () => {})
  await expect(kernel.setOption(server, CACHE_KEY_PATTERN, '{cookie}')).rejects.toMatchObject({
    code: 'EINVAL',
  })
  await expect(kernel.setOption(server, CACHE_STATISTICS, {} as any)).rejects.toMatchObject({
    code: 'EINVAL',
  })
  await expect(kernel.setOption(server, CACHE_TTL, 0)).rejects.toMatchObject({ code: 'EINVAL' })
  expect(kernel.getOption(server, CACHE_TTL)).toBe(300)
})

async function sharing(kernel: Kernel, program: ReturnType<typeof counting>) {
  return serving(kernel, program.handlers, [
    [CACHE_ENABLE, true],
    [CACHE_STORE, { shared: 'pages' }],
    [CACHE_KEY_PATTERN, '{path}'],
    [CACHE_STALE_WHILE_REVALIDATE, 60],
  ])
}

test('a shared cache outlives the worker in its keeper', async () => {
  await using kernel = await createKernel({
    plugins: [http({ isolation: 'process', keeper: {} })],
    logger: memoryLogger(),
  })
  const program = counting(kernel)
  const { server, url } = await sharing(kernel, program)
  expect(await text(url)).toBe('answer 1')
  // What is stored is on its way to the keeper in front of the answer to this.
  await kernel.query(server, CACHE_STATISTICS)
  const { workers } = await kernel.inspect()
  process.kill(workers[0]!.inside!.pid, 'SIGKILL')
  await until(() => kernel.metrics().workers.http!.restarts === 1)
  await expect.poll(() => text(url).catch(() => ''), { timeout: 10_000 }).toBe('answer 1')
  expect(program.counter.asked).toBe(1)
  expect(await kernel.query(server, CACHE_STATISTICS)).toMatchObject({ stores: 0, entries: 1 })
})

test('caches of one name share what is stored, and what is invalidated', async () => {
  await using kernel = await createKernel({ plugins: [http({ isolation: 'inline', keeper: {} })] })
  const program = counting(kernel)
  const one = await sharing(kernel, program)
  const two = await sharing(kernel, program)
  expect(await text(`${one.url}/a`)).toBe('answer 1')
  await expect.poll(() => text(`${two.url}/a`)).toBe('answer 1')
  expect(program.counter.asked).toBe(1)
  await kernel.setOption(one.server, CACHE_INVALIDATE_PATTERN, '/a')
  await expect.poll(() => text(`${two.url}/a`)).toBe('answer 2')
  await expect.poll(() => text(`${one.url}/a`)).toBe('answer 2')
  await fetch(`${one.url}/a`, { method: 'DELETE' }).then(response => response.text())
  await expect.poll(() => text(`${two.url}/a`)).toBe('answer 4')
})
