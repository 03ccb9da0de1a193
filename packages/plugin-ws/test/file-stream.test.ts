/** Mode 34: files in chunks, resumed where they were cut off. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  type ConnectTarget,
  type Kernel,
  SO_READ_WINDOW,
  SO_WRITE_HIGH_WATER,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
} from '@unisock/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import { encodeChunk, parseChunk, parseEnvelope } from '../src/file-stream/protocol.ts'
import { destinationIn, openPart, openToRead, segmentsOf } from '../src/file-stream/root.ts'
import { type FileMessage, WEBSOCKET_FILE_STREAM, WS_FILE, WS_RECONNECT } from '../src/index.ts'
import { accepting, connected } from './support/ends.ts'
import { Inbox, ISOLATIONS, type OptionRow, refusedWith, until, wsKernel } from './support/kernel.ts'
import { BINARY, frame, RawPeer, TEXT } from './support/raw.ts'

const mode = WEBSOCKET_FILE_STREAM
const OFFER = { 'Sec-WebSocket-Protocol': 'unisock.file.v1' }
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** A directory of its own, gone with the test. */
class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'unisock-files-'))

  at(name: string): string {
    return join(this.path, name)
  }
  put(name: string, bytes: string | Buffer): void {
    writeFileSync(this.at(name), bytes)
  }
  get(name: string): Buffer {
    return readFileSync(this.at(name))
  }
  has(name: string): boolean {
    return existsSync(this.at(name))
  }
  [Symbol.dispose](): void {
    // A transfer that was just ended may still be making its part.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** One end, and how each of its transfers ended. */
class End {
  readonly inbox = new Inbox<FileMessage>()
  readonly all: FileMessage[] = []
  readonly closed = Promise.withResolvers<Error | undefined>()
  fd: any

  readonly handlers = {
    message: (_fd: unknown, message: FileMessage) => {
      this.all.push(message)
      if (message.type !== 'progress') this.inbox.put(message)
    },
    close: (_fd: unknown, error?: Error) => this.closed.resolve(error),
    error: () => {},
  }

  /** The next message that is of a type. */
  async next<T extends FileMessage['type']>(type: T): Promise<Extract<FileMessage, { type: T }>> {
    for (;;) {
      const message = await this.inbox.next()
      if (message.type === type) return message as never
    }
  }

  /** The next end of a transfer. */
  async ended(): Promise<FileMessage> {
    for (;;) {
      const message = await this.inbox.next()
      if (message.type === 'done' || message.type === 'failed') return message
    }
  }
}

const listening = (kernel: Kernel, files: object, options: readonly OptionRow[] = []) =>
  accepting(kernel, mode, () => new End(), [[WS_FILE, files], ...options])

const dialled = (
  kernel: Kernel,
  to: number | ConnectTarget,
  files: object,
  options: readonly OptionRow[] = [],
): Promise<End> =>
  connected(kernel, mode, new End(), typeof to === 'number' ? { host: '127.0.0.1', port: to } : to, [
    [WS_FILE, files],
    ...options,
  ])

/** A port in front of another, whose connections are cut after so many bytes; those behind the last limit are not. */
class Cutter implements AsyncDisposable {
  readonly #server
  readonly #sockets = new Set<Socket>()
  cuts = 0
  /** Bytes that each connection let through towards the far end. */
  readonly passed: number[] = []

  constructor(port: number, limits: readonly number[]) {
    const left = [...limits]
    this.#server = createServer(near => {
      const far = connect(port, '127.0.0.1')
      const index = this.passed.push(0) - 1
      let rest = left.shift() ?? Number.POSITIVE_INFINITY
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        from.on('error', () => {}).on('close', () => to.destroy())
        from.on('data', (chunk: Buffer) => {
          if (rest <= 0) return
          to.write(chunk.subarray(0, rest))
          if (to === far) this.passed[index]! += Math.min(rest, chunk.length)
          rest -= chunk.length
          if (rest > 0) return
          this.cuts++
          to.end(() => to.destroy())
          from.destroy()
        })
      }
    })
  }

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('files go both ways, from disk and from memory, and both ends find the same digest', async () => {
    using here = new Folder()
    using there = new Folder()
    await using kernel = await wsKernel(isolation)
    const { port, opened } = await listening(kernel, { root: there.path })
    const client = await dialled(kernel, port, { root: here.path })
    const server = await opened.next()

    const large = randomBytes(3_000_000)
    here.put('large.bin', large)
    kernel.write(client.fd, {
      send: { name: 'a/b/large.bin', path: 'large.bin', type: 'application/x-test' },
    })
    const common = { name: 'a/b/large.bin', size: large.length }
    expect(await server.inbox.next()).toMatchObject({
      ...common,
      type: 'offer',
      direction: 'receive',
      content_type: 'application/x-test',
    })
    const done = { ...common, type: 'done', digest: sha256(large) }
    expect(await server.ended()).toMatchObject({ ...done, direction: 'receive' })
    expect(await client.ended()).toMatchObject({ ...done, direction: 'send' })
    expect(there.get('a/b/large.bin')).toEqual(large)
    expect(there.has('a/b/large.bin.part')).toBe(false)
    const offsets = server.all.flatMap(message => (message.type === 'progress' ? [message.offset] : []))
    expect(offsets.length).toBeGreaterThan(0)
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b))

    kernel.write(server.fd, { send: { name: 'note.txt', data: 'from memory, with ü' } })
    expect(await client.ended()).toMatchObject({ type: 'done', name: 'note.txt', direction: 'receive' })
    expect(String(here.get('note.txt'))).toBe('from memory, with ü')

    there.put('theirs.bin', large.subarray(0, 100_000))
    kernel.write(client.fd, { fetch: { name: 'theirs.bin' } })
    expect(await client.ended()).toMatchObject({ type: 'done', name: 'theirs.bin', direction: 'receive' })
    expect(here.get('theirs.bin')).toEqual(large.subarray(0, 100_000))
  })

  test('a transfer that is cut off goes on by itself over the next connection', async () => {
    using here = new Folder()
    using there = new Folder()
    await using kernel = await wsKernel(isolation)
    const { port } = await listening(kernel, { root: there.path })
    await using cutter = new Cutter(port, [700_000, 900_000])
    const again: OptionRow[] = [[WS_RECONNECT, { min: 0.001, max: 0.05 }]]
    const client = await dialled(kernel, await cutter.listen(), { root: here.path }, again)
    const bytes = randomBytes(2_000_000)
    here.put('up', bytes)
    kernel.write(client.fd, { send: { name: 'up', path: 'up' } })
    expect(await client.ended()).toMatchObject({ type: 'done', digest: sha256(bytes) })
    expect(there.get('up')).toEqual(bytes)
    expect(cutter.cuts).toBe(2)
    expect(cutter.passed.at(-1)).toBeLessThan(bytes.length / 2)
  })

  test('what a program gives piece by piece is sent as it comes, and as fast as it is taken', async () => {
    using there = new Folder()
    await using kernel = await wsKernel(isolation)
    const { port, opened } = await listening(kernel, { root: there.path })
    const client = await dialled(kernel, port, {})
    const server = await opened.next()
    const pieces = Array.from({ length: 100 }, () => randomBytes(30_000))
    for (const size of [undefined, 3_000_000]) {
      kernel.write(client.fd, {
        send: { name: 'made', data: Readable.from(pieces), ...(size !== undefined && { size }) },
      })
      expect((await server.next('offer')).size).toBe(size)
      const digest = sha256(Buffer.concat(pieces))
      expect(await server.ended()).toMatchObject({ type: 'done', size: 3_000_000, digest })
      expect(await client.ended()).toMatchObject({ type: 'done', size: 3_000_000, digest })
      expect(there.get('made')).toEqual(Buffer.concat(pieces))
    }
  })

  test('without a root nothing is read, given or taken', async () => {
    using here = new Folder()
    here.put('x', 'x')
    await using kernel = await wsKernel(isolation)
    const { port, opened } = await listening(kernel, {})
    const client = await dialled(kernel, port, { root: here.path })
    const server = await opened.next()
    const refused = { type: 'failed', code: 'EACCES' }
    kernel.write(client.fd, { send: { name: 'x', path: 'x' } })
    expect(await client.ended()).toMatchObject({ ...refused, direction: 'send' })
    kernel.write(client.fd, { fetch: { name: 'y' } })
    expect(await client.ended()).toMatchObject({ ...refused, direction: 'receive' })
    kernel.write(server.fd, { send: { name: 'z', path: 'z' } })
    kernel.write(server.fd, { fetch: { name: 'x' } })
    const failures = [await server.next('failed'), await server.next('failed'), await server.next('failed')]
    expect(failures.map(({ code, direction, name }) => `${code} ${direction} ${name}`).sort()).toEqual([
      'EACCES receive x',
      'EACCES send y',
      'EACCES send z',
    ])
  })
})

test('over TLS', async () => {
  using authority = new Authority()
  using there = new Folder()
  const { certificate, privateKey } = authority.issue('localhost')
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, { root: there.path }, [
    [TLS_CERTIFICATE, certificate],
    [TLS_PRIVATE_KEY, privateKey],
  ])
  const client = await dialled(kernel, `wss://localhost:${port}`, {}, [[TLS_CA, authority.certificate]])
  kernel.write(client.fd, { send: { name: 'empty', data: '' } })
  expect(await client.ended()).toMatchObject({ type: 'done', size: 0, digest: sha256(Buffer.alloc(0)) })
  expect(there.get('empty')).toHaveLength(0)
})

test('who does not offer the subprotocol is refused', async () => {
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, {})
  expect((await refusedWith(`ws://127.0.0.1:${port}`)).status).toBe(400)
})

test('cut anywhere, in either direction, and resumed, a file is the same', async () => {
  using here = new Folder()
  using there = new Folder()
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, { root: there.path, chunk: 16_384 })
  let count = 0
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 400_000 }),
      fc.array(fc.integer({ min: 700, max: 300_000 }), { maxLength: 4 }),
      fc.boolean(),
      async (size, limits, up) => {
        const name = `file-${count++}`
        const bytes = randomBytes(size)
        const [from, to] = up ? [here, there] : [there, here]
        from.put(name, bytes)
        await using cutter = new Cutter(port, limits)
        const files = { root: here.path, chunk: 16_384 }
        const client = await dialled(kernel, await cutter.listen(), files, [
          [WS_RECONNECT, { min: 0.001, max: 0.002 }],
        ])
        kernel.write(client.fd, up ? { send: { name, path: name } } : { fetch: { name } })
        expect(await client.ended()).toMatchObject({ type: 'done', size, digest: sha256(bytes) })
        expect(to.get(name)).toEqual(bytes)
        expect(to.has(`${name}.part`)).toBe(false)
        await kernel.close(client.fd)
      },
    ),
    { numRuns: 25 },
  )
})

test('what is there already is used only if it is the beginning of the same file', async () => {
  using here = new Folder()
  using there = new Folder()
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, { root: there.path })
  const client = await dialled(kernel, port, { root: here.path })
  const bytes = randomBytes(200_000)
  for (const [part, title] of [
    [bytes.subarray(0, 150_000), 'its beginning'],
    [bytes, 'all of it'],
    [randomBytes(150_000), 'another'],
    [randomBytes(300_000), 'a longer one'],
  ] as const) {
    there.put('file.part', part)
    kernel.write(client.fd, { send: { name: 'file', data: bytes } })
    expect([title, (await client.ended()).type]).toEqual([title, 'done'])
    expect(there.get('file')).toEqual(bytes)
  }
})

test('fetch begins where it is told to, at most', async () => {
  using here = new Folder()
  await using kernel = await wsKernel()
  using there = new Folder()
  there.put('file', 'abcdef')
  here.put('file.part', 'abXX')
  const { port } = await listening(kernel, { root: there.path, digest: false })
  const client = await dialled(kernel, port, { root: here.path })
  kernel.write(client.fd, { fetch: { name: 'file', offset: 2 } })
  expect(await client.ended()).toMatchObject({ type: 'done', digest: undefined })
  expect(String(here.get('file'))).toBe('abcdef')
})

test('a transfer is cancelled at either end, and what was received of it stays', async () => {
  using here = new Folder()
  using there = new Folder()
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel, { root: there.path })
  const client = await dialled(kernel, port, { root: here.path })
  const server = await opened.next()
  here.put('file', Buffer.alloc(50_000_000))
  for (const [canceller, other] of [
    [client, server],
    [server, client],
  ] as const) {
    kernel.write(client.fd, { send: { name: 'file', path: 'file' } })
    const { id } = await canceller.next('offer')
    await other.next('offer')
    kernel.write(canceller.fd, { cancel: id })
    expect(await canceller.ended()).toMatchObject({ type: 'failed', id, code: 'ECANCELED' })
    expect(await other.ended()).toMatchObject({ type: 'failed', code: 'ECANCELED' })
    expect(there.has('file')).toBe(false)
  }
})

test('a file that is too large, missing, or no file is refused, without a word on where it would be', async () => {
  using here = new Folder()
  using there = new Folder()
  mkdirSync(there.at('folder'))
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, { root: there.path, maxSize: 100 })
  const client = await dialled(kernel, port, { root: here.path })
  for (const [write, code] of [
    [{ send: { name: 'large', data: 'x'.repeat(101) } }, 'EMSGSIZE'],
    [{ send: { name: 'folder', data: 'x' } }, 'EACCES'],
    [{ send: { name: 'x', path: 'missing' } }, 'ENOENT'],
    [{ fetch: { name: 'missing' } }, 'ENOENT'],
    [{ fetch: { name: 'folder' } }, 'EACCES'],
    [{ fetch: { name: '../outside' } }, 'EACCES'],
    [{ send: { name: '../outside', data: 'x' } }, 'EACCES'],
  ] as const) {
    kernel.write(client.fd, write)
    const failed = await client.ended()
    expect(failed).toMatchObject({ type: 'failed', code })
    expect(JSON.stringify(failed)).not.toContain(tmpdir())
  }
  kernel.write(client.fd, { send: { name: 'small', data: 'x'.repeat(100) } })
  expect((await client.ended()).type).toBe('done')
})

test('many files at once arrive, also while the program takes no messages', async () => {
  using there = new Folder()
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel, { root: there.path }, [[SO_READ_WINDOW, 16 * 1024]])
  const client = await dialled(kernel, port, {})
  const server = await opened.next()
  kernel.pause(server.fd)
  const contents = Array.from({ length: 40 }, () => randomBytes(70_000))
  for (const [i, data] of contents.entries()) kernel.write(client.fd, { send: { name: `f${i}`, data } })
  kernel.resume(server.fd)
  for (let i = 0; i < contents.length; i++) expect((await client.ended()).type).toBe('done')
  for (const [i, data] of contents.entries()) expect(there.get(`f${i}`)).toEqual(data)
})

describe('what is given piece by piece', () => {
  async function* endless(until: { returned: boolean }) {
    try {
      for (;;) yield Buffer.alloc(10_000)
    } finally {
      until.returned = true
    }
  }

  test('is not asked for any more once its transfer failed', async () => {
    using there = new Folder()
    await using kernel = await wsKernel()
    const { port } = await listening(kernel, { root: there.path, maxSize: 1_000_000 })
    const client = await dialled(kernel, port, {})
    const source = { returned: false }
    kernel.write(client.fd, { send: { name: 'endless', data: endless(source) } })
    expect(await client.ended()).toMatchObject({ type: 'failed', code: 'EMSGSIZE' })
    await until(() => source.returned)
  })

  test('is not asked for while the peer does not accept it, beyond what may wait', async () => {
    await using kernel = await wsKernel()
    const { port, opened } = await listening(kernel, {}, [[SO_WRITE_HIGH_WATER, 64 * 1024]])
    using raw = await RawPeer.open(port, OFFER)
    const server = await opened.next()
    let given = 0
    const stalled = Promise.withResolvers<void>()
    async function* counted() {
      for (;;) {
        given += 10_000
        if (given > 64 * 1024) stalled.resolve()
        yield Buffer.alloc(10_000)
      }
    }
    kernel.write(server.fd, { send: { name: 'endless', data: counted() } })
    expect(JSON.parse(String((await raw.frame()).payload)).op).toBe('offer')
    await stalled.promise
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
    expect(given).toBeLessThan(1_000_000)
  })

  test('fails where its source does, or is not as long as it was said to be', async () => {
    using there = new Folder()
    await using kernel = await wsKernel()
    const { port } = await listening(kernel, { root: there.path })
    const client = await dialled(kernel, port, {})
    async function* failing() {
      yield 'a'
      throw new Error('no more')
    }
    kernel.write(client.fd, { send: { name: 'x', data: failing() } })
    expect(await client.ended()).toMatchObject({ type: 'failed', code: 'ECANCELED' })
    for (const size of [2, 4]) {
      kernel.write(client.fd, { send: { name: 'x', data: Readable.from(['a', 'bc']), size } })
      expect(await client.ended()).toMatchObject({ type: 'failed', code: 'EPROTO' })
    }
    expect(there.has('x')).toBe(false)
  })

  test('ends with its connection', async () => {
    using there = new Folder()
    await using kernel = await wsKernel()
    const { port, opened } = await listening(kernel, { root: there.path })
    const client = await dialled(kernel, port, {}, [[WS_RECONNECT, { min: 0.001 }]])
    const server = await opened.next()
    const source = { returned: false }
    kernel.write(client.fd, { send: { name: 'endless', data: endless(source) } })
    await server.next('offer')
    await kernel.close(server.fd, { abort: true })
    expect(await client.ended()).toMatchObject({ type: 'failed', code: 'ECONNRESET' })
    await until(() => source.returned)
  })
})

test('tiny chunks are taken one after the other, as many as there are', async () => {
  using folder = new Folder()
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, { root: folder.path })
  using raw = await RawPeer.open(port, OFFER)
  const size = 5000
  raw.send(frame(TEXT, JSON.stringify({ op: 'offer', id: 1, name: 'tiny', size })))
  await raw.frame()
  raw.send(frame(TEXT, '{"op":"start","id":1,"offset":0}'))
  const chunks = Array.from({ length: size }, (_, i) =>
    frame(BINARY, encodeChunk(1, i, Buffer.from([i % 256]))),
  )
  raw.send(Buffer.concat(chunks))
  raw.send(frame(TEXT, JSON.stringify({ op: 'done', id: 1, size })))
  expect(JSON.parse(String((await raw.frame()).payload))).toEqual({ op: 'received', id: 1 })
  expect(folder.get('tiny')).toEqual(Buffer.from(Array.from({ length: size }, (_, i) => i % 256)))
})

describe('a peer of another make', () => {
  const offer = (more = {}) => JSON.stringify({ op: 'offer', id: 7, name: 'file', size: 4, ...more })

  async function receiving(kernel: Kernel, folder: Folder) {
    const { port, opened } = await listening(kernel, { root: folder.path })
    const raw = await RawPeer.open(port, OFFER)
    return {
      raw,
      port,
      server: await opened.next(),
      heard: async () => JSON.parse(String((await raw.frame()).payload)),
    }
  }

  test('sends a file by the description', async () => {
    using folder = new Folder()
    await using kernel = await wsKernel()
    const { raw, server, heard } = await receiving(kernel, folder)
    raw.send(frame(TEXT, offer()))
    expect(await heard()).toEqual({ op: 'accept', id: 7, offset: 0 })
    raw.send(frame(TEXT, '{"op":"start","id":7,"offset":0}'))
    raw.send(frame(BINARY, encodeChunk(7, 0, Buffer.from('ab'))))
    raw.send(frame(BINARY, encodeChunk(7, 2, Buffer.from('cd'))))
    raw.send(frame(TEXT, JSON.stringify({ op: 'done', id: 7, size: 4, digest: sha256(Buffer.from('abcd')) })))
    expect(await heard()).toEqual({ op: 'received', id: 7 })
    expect(String(folder.get('file'))).toBe('abcd')
    expect(await server.ended()).toMatchObject({ type: 'done' })
    raw[Symbol.dispose]()
  })

  test('is told of a wrong digest, and what it sent is thrown away', async () => {
    using folder = new Folder()
    await using kernel = await wsKernel()
    const { raw, server, heard } = await receiving(kernel, folder)
    raw.send(frame(TEXT, offer()))
    await heard()
    raw.send(frame(TEXT, '{"op":"start","id":7,"offset":0}'))
    raw.send(frame(BINARY, encodeChunk(7, 0, Buffer.from('abcd'))))
    raw.send(frame(TEXT, JSON.stringify({ op: 'done', id: 7, size: 4, digest: '0'.repeat(64) })))
    expect(await heard()).toMatchObject({ op: 'abort', id: 7, by: 'receiver', code: 'EPROTO' })
    expect(await server.ended()).toMatchObject({ type: 'failed', code: 'EPROTO' })
    expect(folder.has('file') || folder.has('file.part')).toBe(false)
    raw[Symbol.dispose]()
  })

  test.each<[string, Buffer[]]>([
    ['a gap', [frame(BINARY, encodeChunk(7, 1, Buffer.from('a')))]],
    ['more than it offered', [frame(BINARY, encodeChunk(7, 0, Buffer.from('abcde')))]],
    ['an end before all is there', [frame(TEXT, '{"op":"done","id":7,"size":4}')]],
    ['another start', [frame(TEXT, '{"op":"start","id":7,"offset":0}')]],
  ])('fails a transfer by %s', async (_title, frames) => {
    using folder = new Folder()
    await using kernel = await wsKernel()
    const { raw, heard } = await receiving(kernel, folder)
    raw.send(frame(TEXT, offer()))
    await heard()
    raw.send(frame(TEXT, '{"op":"start","id":7,"offset":0}'))
    raw.send(Buffer.concat(frames))
    expect(await heard()).toMatchObject({ op: 'abort', id: 7, code: 'EPROTO' })
    expect(folder.has('file')).toBe(false)
    raw[Symbol.dispose]()
  })

  test.each<[string, Buffer[]]>([
    ['text that is no envelope', [frame(TEXT, 'hello')]],
    ['a short chunk', [frame(BINARY, 'x')]],
    ['an offer by a number in use', [frame(TEXT, offer()), frame(TEXT, offer({ name: 'other' }))]],
  ])('is closed for %s', async (_title, frames) => {
    using folder = new Folder()
    await using kernel = await wsKernel()
    const { raw, server } = await receiving(kernel, folder)
    raw.send(Buffer.concat(frames))
    expect(await raw.closeCode()).toBe(1002)
    raw[Symbol.dispose]()
    expect(await server.closed.promise).toMatchObject({ code: 'EPROTO' })
  })

  test('that writes the same file anew ends the transfer before, whose connection may be dead', async () => {
    using folder = new Folder()
    await using kernel = await wsKernel()
    const { raw, port, server, heard } = await receiving(kernel, folder)
    raw.send(frame(TEXT, offer()))
    await heard()
    using second = await RawPeer.open(port, OFFER)
    second.send(frame(TEXT, offer()))
    expect(JSON.parse(String((await second.frame()).payload))).toMatchObject({ op: 'accept' })
    expect(await server.ended()).toMatchObject({ type: 'failed', code: 'ECANCELED' })
    expect(await heard()).toMatchObject({ op: 'abort', code: 'ECANCELED' })
    raw[Symbol.dispose]()
  })

  test('may not say that it received what was not sent', async () => {
    using folder = new Folder()
    await using kernel = await wsKernel()
    const { raw, server, heard } = await receiving(kernel, folder)
    kernel.write(server.fd, { send: { name: 'x', data: 'x' } })
    const { id } = await heard()
    raw.send(frame(TEXT, JSON.stringify({ op: 'received', id })))
    expect(await raw.closeCode()).toBe(1002)
    raw[Symbol.dispose]()
  })
})

describe('names and paths', () => {
  test.each([
    '',
    '.',
    '..',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    'a/',
    './a',
    'a\\..\\b',
    'C:x',
    'a\0b',
    'a\nb',
    'x.part',
    `${'a'.repeat(250)}`,
    `${'a/'.repeat(600)}a`,
  ])('%j is refused', name => {
    expect(() => segmentsOf(name)).toThrow(expect.objectContaining({ code: 'EACCES' }))
  })

  test('whatever the name, what is written lies under the root or is refused', async () => {
    using folder = new Folder()
    const segment = fc.oneof(fc.constantFrom('..', '.', '', 'a', 'b'), fc.string({ maxLength: 8 }))
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 5 }), async segments => {
        const { path, part } = await destinationIn(folder.path, segments.join('/')).catch(() => ({
          path: folder.at('x'),
          part: folder.at('x'),
        }))
        expect(path.startsWith(`${folder.path}/`) && part.startsWith(`${folder.path}/`)).toBe(true)
        expect(path.split('/')).not.toContain('..')
      }),
    )
  })

  test('links lead nowhere outside', async () => {
    using folder = new Folder()
    using outside = new Folder()
    outside.put('secret', 'secret')
    symlinkSync(outside.at('secret'), folder.at('file'))
    symlinkSync(outside.path, folder.at('directory'))
    symlinkSync(outside.at('new'), folder.at('new.part'))
    linkSync(outside.at('secret'), folder.at('hard.part'))
    const refused = { code: 'EACCES' }
    await expect(openToRead(folder.path, 'file')).rejects.toMatchObject(refused)
    await expect(openToRead(folder.path, 'directory/secret')).rejects.toMatchObject(refused)
    await expect(destinationIn(folder.path, 'directory/x')).rejects.toMatchObject(refused)
    await expect(destinationIn(folder.path, 'directory/sub/x')).rejects.toMatchObject(refused)
    await expect(openPart(folder.at('new.part'))).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(openPart(folder.at('hard.part'))).rejects.toMatchObject(refused)
    expect(outside.has('new') || outside.has('sub')).toBe(false)

    folder.put('real', 'real')
    symlinkSync('real', folder.at('inside'))
    const handle = await openToRead(folder.path, 'inside')
    expect(String(await handle.readFile())).toBe('real')
    await handle.close()
  })
})

describe('the protocol', () => {
  test('chunks survive, at any offset', () => {
    fc.assert(
      fc.property(fc.nat(), fc.maxSafeNat(), fc.uint8Array(), (id, offset, bytes) => {
        expect(parseChunk(encodeChunk(id, offset, bytes))).toEqual({ id, offset, bytes: Buffer.from(bytes) })
      }),
    )
    expect(parseChunk(Buffer.alloc(11))).toBeUndefined()
    expect(parseChunk(Buffer.alloc(12, 0xff))).toBeUndefined()
  })

  test('envelopes are known by their fields, and nothing else is one', () => {
    for (const envelope of [
      { op: 'fetch', ref: 0, name: 'x' },
      { op: 'deny', ref: 1, code: 'ENOENT', reason: '' },
      { op: 'offer', id: 2 ** 32 - 1, name: 'x', size: 0, type: 'text/plain', ref: 3 },
      { op: 'accept', id: 1, offset: 5, digest: 'a'.repeat(64) },
      { op: 'start', id: 1, offset: 0 },
      { op: 'done', id: 1, size: 5 },
      { op: 'received', id: 1 },
      { op: 'abort', id: 1, by: 'sender', code: 'EIO', reason: 'x' },
    ]) {
      expect(parseEnvelope(JSON.stringify({ ...envelope, more: true }))).toMatchObject(envelope)
      for (const field of Object.keys(envelope)) {
        const wrong = { ...envelope, [field]: { not: 'it' } }
        expect(parseEnvelope(JSON.stringify(wrong))).toBeUndefined()
      }
    }
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        expect(parseEnvelope(text)).toBeUndefined()
      }),
    )
    expect(parseEnvelope('{"op":"toString"}')).toBeUndefined()
    expect(parseEnvelope('{"op":"received","id":-1}')).toBeUndefined()
    expect(parseEnvelope('{"op":"received","id":1.5}')).toBeUndefined()
  })
})

test.each([
  { send: { name: 'x' } },
  { send: { name: 'x', path: 'x', data: 'x' } },
  { send: { path: 'x' } },
  { send: { name: 'x', data: 7 } },
  { fetch: {} },
  { fetch: { name: 'x', offset: -1 } },
  { cancel: 'x' },
  'text',
  null,
])('%j is not written', async write => {
  await using kernel = await wsKernel()
  const { port } = await listening(kernel, {})
  const client = await dialled(kernel, port, {})
  expect(() => kernel.write(client.fd, write as never)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(EINVAL|ETYPENOTSUPP)$/) }),
  )
})
