import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { mkdtemp, open as openFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { EventSource } from 'undici'
import { describe, expect, test, vi } from 'vitest'
import { formatEvent, type ServerSentEvent } from '../src/core/events/format.ts'
import { HTTP_COMPRESSION, HTTP_HEADERS, sse } from '../src/index.ts'
import { open, plain } from './support/http-client.ts'
import { httpKernel, ISOLATIONS, serving, until } from './support/kernel.ts'

describe('an event as text', () => {
  test.each<[ServerSentEvent | string, string]>([
    ['hello', 'data: hello\n\n'],
    ['two\nlines\r\nand\rmore', 'data: two\ndata: lines\ndata: and\ndata: more\n\n'],
    ['', 'data: \n\n'],
    [{ data: { a: 1 } }, 'data: {"a":1}\n\n'],
    [{ data: null }, 'data: null\n\n'],
    [{ event: 'tick', id: 7, retry: 500, data: 'x' }, 'event: tick\nid: 7\nretry: 500\ndata: x\n\n'],
    [{ comment: 'still here' }, ': still here\n\n'],
    [{ comment: 'a\nb' }, ': a\n: b\n\n'],
  ])('%j', (event, text) => {
    expect(formatEvent(event)).toBe(text)
  })

  test.each([
    [{ event: 'a\ndata: evil' }],
    [{ id: 'a\r' }],
    [{ id: '\0' }],
    [{ retry: -1 }],
    [{ retry: 1.5 }],
    [{ message: 'x' }],
    [7],
    [null],
  ])('%j is refused', event => {
    expect(() => formatEvent(event)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  test('whatever the data, it is read back as it was, and is one event', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), data => {
        const text = formatEvent({ data })
        const lines = text.slice(0, -2).split('\n')
        expect(lines.every(line => line.startsWith('data: '))).toBe(true)
        expect(lines.map(line => line.slice(6)).join('\n')).toBe(data.replace(/\r\n?/g, '\n'))
      }),
    )
  })
})

describe.each(ISOLATIONS)('over %s', isolation => {
  test('an EventSource gets events, and says where it had got to when it comes back', async () => {
    await using kernel = await httpKernel(isolation)
    const came: (string | undefined)[] = []
    const { url } = await serving(kernel, {
      message(fd, request) {
        came.push(request.last_event_id)
        const first = came.length === 1
        kernel.write(
          fd,
          sse(
            (async function* () {
              yield { retry: 1, id: 'é1', event: 'tick', data: { n: first ? 1 : 2 } }
            })(),
          ),
        )
      },
    })
    const source = new EventSource(url)
    const ticks: unknown[] = []
    const second = Promise.withResolvers<void>()
    source.addEventListener('tick', event => {
      ticks.push(JSON.parse((event as MessageEvent).data))
      if (ticks.length === 2) second.resolve()
    })
    await second.promise
    source.close()
    expect(ticks).toEqual([{ n: 1 }, { n: 2 }])
    expect(came.slice(0, 2)).toEqual([undefined, 'é1'])
  })

  test('a client that leaves ends the iterable', async () => {
    await using kernel = await httpKernel(isolation)
    const returned = Promise.withResolvers<void>()
    let next = Promise.withResolvers<string>()
    const { url } = await serving(kernel, {
      message(fd) {
        kernel.write(
          fd,
          sse({
            [Symbol.asyncIterator]: () => ({
              next: async () => ({ done: false, value: await next.promise }),
              async return() {
                returned.resolve()
                return { done: true, value: undefined }
              },
            }),
          }),
        )
      },
    })
    const response = await open(url)
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    next.resolve('1')
    next = Promise.withResolvers()
    await once(response, 'data')
    response.destroy()
    await returned.promise
  })
})

test('a client that does not read holds the iterable up', async () => {
  await using kernel = await httpKernel('inline')
  const size = 100_000
  const total = 2000
  let taken = 0
  const { url } = await serving(kernel, {
    message(fd, request) {
      if (request.path !== '/') kernel.write(fd, 'other')
      else
        kernel.write(
          fd,
          sse(
            (async function* () {
              for (; taken < total; taken++) yield 'x'.repeat(size)
            })(),
          ),
        )
    },
  })
  const response = await open(url)
  await once(response, 'readable')
  for (let i = 0; i < 10; i++) await plain(`${url}/other`)
  expect(taken).toBeLessThan(total)
  let read = 0
  for await (const chunk of response) read += chunk.length
  expect(read).toBe(total * (size + 'data: \n\n'.length))
})

const CLIENT = `require('node:http').get(process.argv[1], response => response.pipe(process.stdout))`

test.each(['thread', 'process'] as const)(
  'silent streams are kept alive while the program is blocked, over %s',
  async isolation => {
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, {
      message(fd) {
        kernel.write(
          fd,
          sse(new Readable({ objectMode: true, read() {} }) as AsyncIterable<string>, { ping: 20 }),
        )
      },
    })
    const folder = await mkdtemp(join(tmpdir(), 'unisock-events-'))
    const file = join(folder, 'received')
    const received = await openFile(file, 'w')
    const client = spawn(process.execPath, ['-e', CLIENT, url], { stdio: ['ignore', received.fd, 'inherit'] })
    try {
      await vi.waitUntil(() => statSync(file).size > 0, { timeout: 10_000 })
      const before = statSync(file).size
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
      expect(statSync(file).size - before).toBeGreaterThan(10 * ':\n\n'.length)
      expect(readFileSync(file, 'utf8')).toMatch(/^(:\n\n)+$/)
    } finally {
      client.kill()
      await received.close()
      await rm(folder, { recursive: true })
    }
  },
)

test('pings come through compression', async () => {
  await using kernel = await httpKernel('inline')
  const { url } = await serving(
    kernel,
    {
      message: fd =>
        void kernel.write(
          fd,
          sse(new Readable({ objectMode: true, read() {} }) as AsyncIterable<string>, { ping: 5 }),
        ),
    },
    [[HTTP_COMPRESSION, true]],
  )
  const response = await fetch(url, { headers: { 'Accept-Encoding': 'gzip' } })
  expect(response.headers.get('content-encoding')).toBe('gzip')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toContain(':\n\n')
  await reader.cancel()
})

test('a body whose length was said has no pings in it', async () => {
  await using kernel = await httpKernel('inline')
  const { url } = await serving(kernel, {
    message: fd =>
      void kernel.write(fd, {
        headers: { 'Content-Length': 4 },
        body: (async function* () {
          yield 'ab'
          await setTimeout(30)
          yield 'cd'
        })(),
        ping: 1,
      }),
  })
  expect(await (await fetch(url)).text()).toBe('abcd')
})

test('an event that is none is reported, and ends the stream', async () => {
  await using kernel = await httpKernel('inline')
  const errors: Error[] = []
  const { url } = await serving(kernel, {
    message: fd =>
      void kernel.write(
        fd,
        sse(
          (async function* () {
            yield 'fine'
            yield { id: 'a\nb' }
          })(),
        ),
      ),
    error: (_fd, error) => void errors.push(error),
  })
  await expect(plain(url)).rejects.toThrow()
  await until(() => errors.length > 0)
  expect(errors).toMatchObject([{ code: 'EINVAL' }])
})

test('a HEAD is answered without events, and the iterable let go', async () => {
  await using kernel = await httpKernel('inline')
  const source = new Readable({ objectMode: true, read() {} })
  const { url } = await serving(
    kernel,
    { message: fd => void kernel.write(fd, sse(source as AsyncIterable<string>)) },
    [[HTTP_HEADERS, {}]],
  )
  const closed = once(source, 'close')
  const { headers, body } = await plain(url, { method: 'HEAD' })
  expect(headers['content-type']).toBe('text/event-stream')
  expect(body).toHaveLength(0)
  await closed
})
