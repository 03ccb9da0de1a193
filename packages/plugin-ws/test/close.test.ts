/** How connections end, and what each side is told. */
import { SO_LINGER } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { WS_MAX_MESSAGE_SIZE } from '../src/index.ts'
import { dialling, ISOLATIONS, peer, serving, until, wsKernel } from './support/kernel.ts'
import { CLOSE, closeFrame, frame, PING, RawPeer, TEXT } from './support/raw.ts'

/** A server's connection with a peer on it, and how its fd ends. */
async function opened(kernel: Awaited<ReturnType<typeof wsKernel>>, options: [any, unknown][] = []) {
  const fd = Promise.withResolvers<any>()
  const closed = Promise.withResolvers<Error | undefined>()
  const made = await serving(
    kernel,
    { open: opened => fd.resolve(opened), close: (_fd, error) => closed.resolve(error) },
    options,
  )
  return { ...made, fd: fd.promise, closed: closed.promise }
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('close reaches the peer with its code and reason, and no handler of the fd runs any more', async () => {
    await using kernel = await wsKernel(isolation)
    for (const [how, code, reason] of [
      [undefined, 1000, ''],
      [{ code: 1001 }, 1001, ''],
      [{ code: 4000, reason: 'kicked: zu oft gegrüßt' }, 4000, 'kicked: zu oft gegrüßt'],
      [{ reason: 'done' }, 1000, 'done'],
    ] as const) {
      const { url, fd, closed } = await opened(kernel)
      await using client = await peer(url)
      await kernel.close(await fd, how)
      expect(await client.closed).toEqual({ code, reason })
      const later = new Promise(resolve => setImmediate(resolve, 'not told'))
      expect(await Promise.race([closed, later])).toBe('not told')
    }
  })

  test('what was written before close arrives before it', async () => {
    await using kernel = await wsKernel(isolation)
    const { url, fd } = await opened(kernel)
    await using client = await peer(url)
    const connection = await fd
    for (let i = 0; i < 100; i++) kernel.write(connection, `${i} ${'x'.repeat(5000)}`)
    void kernel.close(connection, { code: 4001 })
    for (let i = 0; i < 100; i++) expect(await client.inbox.next()).toMatch(new RegExp(`^${i} `))
    expect((await client.closed).code).toBe(4001)
  })

  test('end closes with 1000', async () => {
    await using kernel = await wsKernel(isolation)
    const { url, fd, closed } = await opened(kernel)
    await using client = await peer(url)
    kernel.end(await fd)
    expect((await client.closed).code).toBe(1000)
    expect(await closed).toBeUndefined()
  })

  test('abort ends without a closing handshake', async () => {
    await using kernel = await wsKernel(isolation)
    const { url, fd } = await opened(kernel)
    await using client = await peer(url)
    await kernel.close(await fd, { abort: true })
    expect((await client.closed).code).toBe(1006)
  })

  test("the peer's close is told to the program: an orderly one without an error", async () => {
    await using kernel = await wsKernel(isolation)
    for (const [code, message] of [
      [1000, undefined],
      [1001, undefined],
      [undefined, undefined],
      [1011, 'the peer closed with 1011: why'],
      [4242, 'the peer closed with 4242: why'],
    ] as const) {
      const { url, closed } = await opened(kernel)
      await using client = await peer(url)
      if (code === undefined) client.socket.close()
      else client.socket.close(code, 'why')
      const error = await closed
      if (message === undefined) expect(error).toBeUndefined()
      else
        expect(error).toMatchObject({
          code: 'EPROTO',
          category: 'protocol',
          message,
          details: { closeCode: code, reason: 'why' },
        })
      expect((await client.closed).code).toBe(code ?? 1005)
    }
  })

  test('a peer that vanishes is ECONNRESET', async () => {
    await using kernel = await wsKernel(isolation)
    const { port, closed } = await opened(kernel)
    const raw = await RawPeer.open(port)
    raw.socket.resetAndDestroy()
    expect(await closed).toMatchObject({ code: 'ECONNRESET' })
  })

  test('the end of the kernel closes with 1001', async () => {
    const kernel = await wsKernel(isolation)
    const { url, fd } = await opened(kernel)
    await using client = await peer(url)
    await fd
    await kernel.close()
    expect((await client.closed).code).toBe(1001)
  })

  test('the end of the kernel does not wait for a client whose messages the program left lying', async () => {
    const kernel = await wsKernel(isolation)
    const { url, fd } = await opened(kernel)
    await using client = await peer(url)
    kernel.pause(await fd)
    for (let i = 0; i < 64; i++) client.socket.send(Buffer.alloc(64 * 1024))
    await until(() => client.socket.bufferedAmount < 60 * 64 * 1024)
    await kernel.close({ timeout: 60_000 })
    expect((await client.closed).code).toBe(1001)
  })

  test('closing the listener leaves its connections, and gives the port back', async () => {
    await using kernel = await wsKernel(isolation)
    const { url, fd, server, port } = await opened(kernel)
    await using client = await peer(url)
    const connection = await fd
    await kernel.close(server)
    await expect(RawPeer.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    kernel.write(connection, 'still here')
    expect(await client.inbox.next()).toBe('still here')
  })
})

test.each([999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, -1])(
  'close code %d is refused, and the connection closed with 1000',
  async code => {
    await using kernel = await wsKernel()
    const { url, fd } = await opened(kernel)
    await using client = await peer(url)
    await expect(kernel.close(await fd, { code })).rejects.toMatchObject({ code: 'EINVAL' })
    expect((await client.closed).code).toBe(1000)
  },
)

test('a reason of more than 123 bytes is refused', async () => {
  await using kernel = await wsKernel()
  const { url, fd } = await opened(kernel)
  await using client = await peer(url)
  await expect(kernel.close(await fd, { reason: 'ü'.repeat(62) })).rejects.toMatchObject({ code: 'EINVAL' })
  await client.closed
})

test('a peer that does not answer the close is dropped after SO_LINGER', async () => {
  await using kernel = await wsKernel()
  const { port, fd } = await opened(kernel, [[SO_LINGER, 0]])
  using raw = await RawPeer.open(port)
  const closing = kernel.close(await fd)
  expect((await raw.frame()).opcode).toBe(CLOSE)
  await closing
  await raw.ended()
})

test('what a peer still sends after close is thrown away, also when the program had stopped reading', async () => {
  await using kernel = await wsKernel()
  const { url, fd } = await opened(kernel)
  await using client = await peer(url)
  const connection = await fd
  kernel.pause(connection)
  const chunk = Buffer.alloc(64 * 1024)
  for (let i = 0; i < 64; i++) client.socket.send(chunk)
  await until(() => client.socket.bufferedAmount < 64 * chunk.length)
  await kernel.close(connection)
  expect((await client.closed).code).toBe(1000)
})

test('half-closed by its peer without a close frame, a connection is lost', async () => {
  await using kernel = await wsKernel()
  const { port, closed } = await opened(kernel)
  using raw = await RawPeer.open(port)
  raw.socket.end()
  expect(await closed).toMatchObject({ code: 'ECONNRESET' })
  await raw.ended()
})

test('writes after the peer closed are lost without a word, and pings are answered before that', async () => {
  await using kernel = await wsKernel()
  const { port, fd, closed } = await opened(kernel)
  using raw = await RawPeer.open(port)
  raw.send(frame(PING, 'are you there'))
  expect(await raw.frame()).toMatchObject({ opcode: 10, payload: Buffer.from('are you there') })
  const connection = await fd
  raw.send(closeFrame(1000)).socket.end()
  kernel.write(connection, 'too late?')
  await closed
  expect(kernel.write(connection, 'too late')).toBe(false)
})

test.each<[string, Buffer, number]>([
  ['an unmasked frame', frame(TEXT, 'x', { mask: null }), 1002],
  ['a reserved bit', frame(TEXT, 'x', { rsv: 2 }), 1002],
  ['text that is no UTF-8', frame(TEXT, Buffer.from([0xc3, 0x28])), 1007],
  ['a continuation of nothing', frame(0, 'x'), 1002],
])('%s ends the connection with its code, and the program is told', async (_what, bytes, code) => {
  await using kernel = await wsKernel()
  const { port, closed } = await opened(kernel)
  using raw = await RawPeer.open(port)
  raw.send(bytes)
  expect(await raw.closeCode()).toBe(code)
  raw.socket.end()
  const error = await closed
  expect(error).toMatchObject({ code: 'EPROTO' })
  expect(error!.message).toMatch(/^the peer broke the protocol: .*WS_ERR_/)
})

test('an open connection keeps the size limit it has', async () => {
  await using kernel = await wsKernel()
  const { url, fd } = await opened(kernel)
  await using _client = await peer(url)
  await expect(kernel.setOption(await fd, WS_MAX_MESSAGE_SIZE, 5)).rejects.toMatchObject({ code: 'ENOTSUP' })
})

test('a client hears how its server closed it', async () => {
  await using kernel = await wsKernel()
  const { url, fd } = await opened(kernel)
  const closed = Promise.withResolvers<Error | undefined>()
  await dialling(kernel, url, { close: (_fd, error) => closed.resolve(error) })
  void kernel.close(await fd, { code: 4500, reason: 'banned' })
  expect(await closed.promise).toMatchObject({
    code: 'EPROTO',
    details: { closeCode: 4500, reason: 'banned' },
  })
})
