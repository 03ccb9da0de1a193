import { Readable } from 'node:stream'
import type { OwnerPort } from '@unisock/kernel/plugin'
import { describe, expect, test } from 'vitest'
import { HttpRequest, httpOwner, RequestBody } from '../src/core/index.ts'

/** The kernel's side of one fd, as the owner half sees it. */
class FakePort implements OwnerPort {
  readonly fd = 7
  readonly listener = 1
  readonly parent = undefined
  readonly addr = { address: '192.0.2.7', port: 4711, family: 'IPv4' } as const
  state: unknown
  readonly sent: unknown[] = []
  readonly reported: Error[] = []
  credited = 0
  ended = false
  aborted = false
  /** What `send` returns. */
  open = true
  readonly #listeners = new Set<(error?: Error) => void>()
  readonly over = Promise.withResolvers<void>()
  drain = Promise.withResolvers<void>()

  send(wire: unknown): boolean {
    if (this.ended) return false
    this.sent.push(wire)
    return this.open
  }

  sendLast(wire: unknown): boolean {
    if (this.ended) return false
    this.sent.push(wire)
    this.end()
    return true
  }

  end(error?: Error): void {
    if (this.ended) return
    this.ended = true
    for (const listener of this.#listeners) listener(error)
    this.drain.reject(new Error('ended'))
    this.drain.promise.catch(() => {})
    this.over.resolve()
  }

  drained(): Promise<void> {
    return this.drain.promise
  }

  consumed(bytes: number): void {
    this.credited += bytes
  }

  option(): never {
    throw new Error('not asked for')
  }

  options(): never {
    throw new Error('not asked for')
  }

  onEnd(listener: (error?: Error) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  abort(error?: Error): void {
    this.aborted = true
    this.end(error)
  }

  report(error: Error): void {
    this.reported.push(error)
  }
}

const wire = (method = 'GET', uri = '/', headers = 'Host\na', body: unknown = null, trailers?: string) => [
  method,
  uri,
  '1.1',
  headers,
  body,
  ...(trailers === undefined ? [] : [trailers]),
]

const receive = (port: FakePort, data: unknown, bytes = 10) =>
  httpOwner.receive!(data, port, bytes) as HttpRequest
const send = (port: FakePort, data: unknown) => httpOwner.send!(data, port, false)
const gone = Object.assign(new Error('gone'), { code: 'ECONNRESET' })

describe('a request', () => {
  test('has everything of the wire, parsed when asked for', () => {
    const port = new FakePort()
    const request = receive(
      port,
      wire(
        'POST',
        '/a%20b?x=1&x=2',
        'Host\na\nCookie\nc=1\nCookie\nd=2',
        new Uint8Array([104, 105]),
        'X-Sum\n5',
      ),
    )
    expect(request).toBeInstanceOf(HttpRequest)
    expect({ ...request.headers }).toEqual({ host: 'a', cookie: 'c=1; d=2' })
    expect(request.raw_headers).toEqual(['Host', 'a', 'Cookie', 'c=1', 'Cookie', 'd=2'])
    expect(JSON.parse(JSON.stringify(request))).toMatchObject({
      method: 'POST',
      uri: '/a%20b?x=1&x=2',
      path: '/a b',
      query: 'x=1&x=2',
      query_params: { x: ['1', '2'] },
      version: '1.1',
      trailers: { 'x-sum': '5' },
      remote: { address: '192.0.2.7', port: 4711 },
      fd: 7,
    })
    expect(request.body.toString()).toBe('hi')
    expect(port.state).toBeUndefined()
  })

  test('without a body has an empty one, the same for all', async () => {
    const [a, b] = [receive(new FakePort(), wire()), receive(new FakePort(), wire())]
    expect(a.body).toHaveLength(0)
    expect(a.body).toBe(b.body)
    expect(await a.text()).toBe('')
  })

  test('gives its body as text and as JSON; what is no JSON is the client’s fault', async () => {
    const json = receive(new FakePort(), wire('POST', '/', '', Buffer.from('{"a":[1]}')))
    expect(await json.text()).toBe('{"a":[1]}')
    expect(await json.json()).toEqual({ a: [1] })
    const port = new FakePort()
    const bad = receive(port, wire('POST', '/', '', Buffer.from('{')))
    const error = await bad.json().catch(thrown => thrown)
    expect(error).toMatchObject({ code: 'EPROTO' })
    expect(httpOwner.failure!(error, port, bad)).toBe(true)
    expect(port.sent).toMatchObject([{ 0: 400 }])
    expect(port.reported).toEqual([])
  })

  test('has a signal that fires when the client leaves, and not when the answer was sent', () => {
    const left = new FakePort()
    const { signal } = receive(left, wire())
    expect(signal.aborted).toBe(false)
    left.end(gone)
    expect(signal.reason).toBe(gone)
    const answered = new FakePort()
    const kept = receive(answered, wire()).signal
    send(answered, 'x')
    expect(kept.aborted).toBe(false)
    expect(receive(left, wire()).signal.aborted).toBe(true)
  })
})

describe('a streamed body', () => {
  test('is read in chunks, with its trailers at the end', async () => {
    const port = new FakePort()
    const request = receive(port, wire('POST', '/', '', true))
    const body = request.body as RequestBody
    expect(body).toBeInstanceOf(RequestBody)
    for (const part of [Buffer.from('ab'), Buffer.from('c'), ['X-Sum\n3']])
      expect(receive(port, part)).toBeUndefined()
    expect(await request.text()).toBe('abc')
    expect({ ...request.trailers }).toEqual({ 'x-sum': '3' })
    expect(port.credited).toBe(30)
  })

  test('gives credit only as it is read', async () => {
    const port = new FakePort()
    const body = receive(port, wire('POST', '/', '', true)).body as RequestBody
    const chunk = Buffer.alloc(40_000)
    for (let i = 0; i < 5; i++) receive(port, chunk, chunk.length)
    expect(port.credited).toBe(40_000)
    receive(port, null, 1)
    let read = 0
    for await (const part of body) read += part.length
    expect(read).toBe(200_000)
    expect(port.credited).toBe(200_001)
  })

  test('fails with the error that ended the fd, whether anybody reads it or not', async () => {
    const port = new FakePort()
    const request = receive(port, wire('POST', '/', '', true))
    receive(port, Buffer.from('ab'))
    const text = request.text()
    port.end(gone)
    await expect(text).rejects.toBe(gone)
    const unread = new FakePort()
    const body = receive(unread, wire('POST', '/', '', true)).body as RequestBody
    send(unread, 'no')
    expect(body.destroyed).toBe(true)
    receive(unread, Buffer.from('late'), 4)
    expect(unread.credited).toBe(4)
  })

  test('that is complete survives the end of the fd', async () => {
    const port = new FakePort()
    const request = receive(port, wire('POST', '/', '', true))
    receive(port, Buffer.from('all'))
    receive(port, null)
    send(port, 'thanks')
    expect(await request.text()).toBe('all')
  })
})

const cyclic: Record<string, unknown> = {}
cyclic.self = cyclic

describe('write', () => {
  test.each<[string, unknown, unknown]>([
    ['text', 'hi', [200, null, 'hi', 0]],
    ['bytes', Buffer.from('hi'), [200, null, Buffer.from('hi'), 2]],
    ['a reply', { status: 201, headers: { 'X-A': '1' }, body: 'hi' }, [201, ['X-A', '1'], 'hi', 0]],
    ['a reply with JSON', { body: { a: 1 } }, [200, null, '{"a":1}', 1]],
    ['a reply with a list', { body: [1] }, [200, null, '[1]', 1]],
    ['a reply with a number', { body: 0 }, [200, null, '0', 1]],
    ['a reply without a body', { status: 204 }, [204, null, null, 0]],
    ['an empty reply', {}, [200, null, null, 0]],
  ])('takes %s', (_title, data, sent) => {
    const port = new FakePort()
    expect(send(port, data)).toBe(true)
    expect(port.sent).toEqual([sent])
    expect(port.ended).toBe(true)
  })

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'EINVAL'],
    ['a number', 7, 'EINVAL'],
    ['a function', () => 'x', 'EINVAL'],
    ['a list', ['x'], 'EINVAL'],
    ['another typed array', new Uint16Array(1), 'EINVAL'],
    ['an unknown key', { code: 200 }, 'EINVAL'],
    ['a status of 99', { status: 99 }, 'EINVAL'],
    ['an informational status', { status: 103 }, 'EINVAL'],
    ['a status of 600', { status: 600 }, 'EINVAL'],
    ['a status that is text', { status: '200' }, 'EINVAL'],
    ['a header with a line break', { headers: { 'X-A': 'a\nb' } }, 'EINVAL'],
    ['a body of another typed array', { body: new Float64Array(1) }, 'EBADDATA'],
    ['a body that is a function', { body: () => 'x' }, 'EBADDATA'],
    ['a body that is a promise', { body: Promise.resolve('x') }, 'EBADDATA'],
    ['a body with a cycle', { body: cyclic }, 'EBADDATA'],
    ['a body with a bigint', { body: { n: 1n } }, 'EBADDATA'],
  ])('refuses %s, and the exchange can still be answered', (_title, data, code) => {
    const port = new FakePort()
    expect(() => send(port, data)).toThrow(expect.objectContaining({ code }))
    expect(port.sent).toEqual([])
    expect(send(port, 'x')).toBe(true)
  })

  test('a second answer is false', () => {
    const port = new FakePort()
    send(port, 'one')
    expect(send(port, 'two')).toBe(false)
    expect(port.sent).toHaveLength(1)
  })
})

describe('a streamed answer', () => {
  async function* letters() {
    yield 'a'
    yield ''
    yield new Uint8Array([98])
  }

  test.each<[string, () => unknown]>([
    ['an async iterable', letters],
    ['a Readable', () => Readable.from([Buffer.from('a'), Buffer.from('b')])],
    ['a web stream', () => ReadableStream.from(letters())],
    ['a reply with one', () => ({ body: letters() })],
  ])('comes from %s', async (_title, source) => {
    const port = new FakePort()
    expect(send(port, source())).toBe(true)
    expect(send(port, 'second')).toBe(false)
    await port.over.promise
    const [head, ...rest] = port.sent
    expect(head).toEqual([200, null, true, 2])
    expect(rest.at(-1)).toBeNull()
    expect(Buffer.concat(rest.slice(0, -1).map(chunk => Buffer.from(chunk as string))).toString()).toBe('ab')
  })

  test('announces its trailers, or makes them when the body has been sent', async () => {
    const announced = new FakePort()
    send(announced, { body: letters(), trailers: { 'X-Sum': '2' } })
    await announced.over.promise
    expect(announced.sent[0]).toEqual([200, ['Trailer', 'X-Sum'], true, 2])
    expect(announced.sent.at(-1)).toEqual([['X-Sum', '2']])
    const made = new FakePort()
    let count = 0
    send(made, {
      body: (async function* () {
        count++
        yield 'x'
      })(),
      trailers: () => ({ 'X-Count': count }),
    })
    await made.over.promise
    expect(made.sent.at(-1)).toEqual([['X-Count', '1']])
  })

  test('trailers behind a whole body are possible', async () => {
    const port = new FakePort()
    send(port, { body: 'whole', trailers: { 'X-Sum': '5' } })
    await port.over.promise
    expect(port.sent).toEqual([[200, ['Trailer', 'X-Sum'], true, 0], 'whole', [['X-Sum', '5']]])
  })

  test('waits when the client is slow', async () => {
    const port = new FakePort()
    port.open = false
    let made = 0
    send(
      port,
      (async function* () {
        for (; made < 3; ) {
          made++
          yield 'x'
        }
      })(),
    )
    while (port.sent.length < 2) await new Promise(resolve => setImmediate(resolve))
    for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve))
    expect(made).toBe(1)
    port.open = true
    port.drain.resolve()
    await port.over.promise
    expect(made).toBe(3)
  })

  test('sends its head without a chunk when the source is silent at first', async () => {
    const port = new FakePort()
    const gate = Promise.withResolvers<void>()
    send(
      port,
      (async function* () {
        await gate.promise
        yield 'late'
      })(),
    )
    while (port.sent.length === 0) await new Promise(resolve => setTimeout(resolve, 5))
    expect(port.sent).toEqual([[200, null, true, 2]])
    gate.resolve()
    await port.over.promise
  })

  test('destroys its source when the client leaves', async () => {
    const port = new FakePort()
    const source = new Readable({ read() {} })
    source.push('x')
    send(port, source)
    while (port.sent.length < 2) await new Promise(resolve => setImmediate(resolve))
    port.end(gone)
    expect(source.destroyed).toBe(true)
    const generator = new FakePort()
    const returned = Promise.withResolvers<void>()
    generator.open = false
    send(
      generator,
      (async function* () {
        try {
          for (;;) yield 'x'
        } finally {
          returned.resolve()
        }
      })(),
    )
    while (generator.sent.length < 2) await new Promise(resolve => setImmediate(resolve))
    generator.end(gone)
    await returned.promise
  })

  test('is a 500 when the source fails before its first chunk, with nothing of the error for the client', async () => {
    const port = new FakePort()
    const failure = Object.assign(new Error('/does/not/exist'), { code: 'ENOENT' })
    send(
      port,
      new Readable({
        read() {
          this.destroy(failure)
        },
      }),
    )
    await port.over.promise
    expect(port.sent).toMatchObject([{ 0: 500, 1: ['Content-Type', 'application/problem+json'] }])
    expect(JSON.stringify(port.sent)).not.toContain('exist')
    expect(port.reported).toMatchObject([{ code: 'ENOENT' }])
  })

  test.each<[string, () => AsyncIterable<any>]>([
    [
      'fails',
      async function* () {
        yield 'x'
        throw new Error('boom')
      },
    ],
    [
      'gives a chunk that is no text and no bytes',
      async function* () {
        yield 'x'
        yield 7
      },
    ],
  ])('aborts the connection when its source %s after the head', async (_title, source) => {
    const port = new FakePort()
    send(port, source())
    await port.over.promise
    expect(port.aborted).toBe(true)
    expect(port.reported).toHaveLength(1)
  })

  test('to a HEAD is its head alone, and its source is destroyed', () => {
    const port = new FakePort()
    receive(port, wire('HEAD'))
    const source = Readable.from(['x'])
    send(port, { headers: { 'X-A': '1' }, body: source })
    expect(port.sent).toEqual([[200, ['X-A', '1'], true, 2]])
    expect(source.destroyed).toBe(true)
    expect(port.ended).toBe(true)
  })
})

describe('a handler that fails', () => {
  test('is a 500 without the error, which is reported', () => {
    const port = new FakePort()
    const request = receive(port, wire())
    expect(httpOwner.failure!(new Error('secret'), port, request)).toBe(true)
    expect(port.sent).toMatchObject([{ 0: 500, 1: ['Content-Type', 'application/problem+json'] }])
    expect(JSON.stringify(port.sent)).not.toContain('secret')
    expect(port.reported).toMatchObject([{ message: 'secret' }])
  })

  test('after it has answered leaves the error to the kernel', () => {
    const port = new FakePort()
    const request = receive(port, wire())
    send(port, 'x')
    expect(httpOwner.failure!(new Error('late'), port, request)).toBe(false)
  })
})
