/** Slow readers on either side: memory stays bounded, and nobody else is slowed. */
import { SO_OVERFLOW, SO_READ_WINDOW, SO_WRITE_HIGH_WATER } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { WS_COMPRESSION, type WsMessage } from '../src/index.ts'
import { dialling, echoing, Inbox, ISOLATIONS, peer, serving, until, wsKernel } from './support/kernel.ts'

const CHUNK = Buffer.alloc(64 * 1024, 'chunk of bytes')

describe.each(ISOLATIONS)('over %s', isolation => {
  test('write says when to wait for drain, and everything arrives in order', async () => {
    await using kernel = await wsKernel(isolation)
    const drained = new Inbox<void>()
    const opened = Promise.withResolvers<any>()
    const { url } = await serving(kernel, { open: fd => opened.resolve(fd), drain: () => drained.put() })
    await using client = await peer(url)
    client.socket.pause()
    const fd = await opened.promise
    let sent = 0
    const send = (): boolean => kernel.write(fd, `${sent++} ${CHUNK}`)
    while (send()) await new Promise(resolve => setImmediate(resolve))
    client.socket.resume()
    for (let times = 0; times < 3; times++) {
      await drained.next()
      while (send());
    }
    for (let i = 0; i < sent; i++) expect(String(await client.inbox.next()).startsWith(`${i} `)).toBe(true)
  })

  test('a program that does not take its messages stops its own peer only', async () => {
    await using kernel = await wsKernel(isolation)
    const fds: any[] = []
    const got = new Map<number, number>()
    const { url, server } = await serving(
      kernel,
      {
        open: fd => void fds.push(fd),
        message: (fd, { data }) => {
          got.set(fd, (got.get(fd) ?? 0) + 1)
          if (data === 'echo') kernel.write(fd, 'echoed')
        },
      },
      [[SO_READ_WINDOW, 64 * 1024]],
    )
    await using busy = await peer(url)
    await until(() => fds.length === 1)
    await using other = await peer(url)
    await until(() => fds.length === 2)
    kernel.pause(fds[0])
    const total = 600
    for (let i = 0; i < total; i++) busy.socket.send(CHUNK)
    other.socket.send('echo')
    expect(await other.inbox.next()).toBe('echoed')
    expect(busy.socket.bufferedAmount).toBeGreaterThan(0)
    const held = busy.socket.bufferedAmount
    other.socket.send('echo')
    await other.inbox.next()
    expect(busy.socket.bufferedAmount).toBeGreaterThanOrEqual(held - 16 * 2 ** 20)
    expect(got.get(fds[0])).toBeUndefined()
    kernel.resume(fds[0])
    await until(() => got.get(fds[0]) === total)
    expect(kernel.status(server)).toBeDefined()
  })
})

test.each(['close', 'drop', 'latest'] as const)(
  'a broadcast with SO_OVERFLOW %s does not wait for a slow reader',
  async policy => {
    await using kernel = await wsKernel('thread')
    const opened: any[] = []
    const closed = new Map<number, Error | undefined>()
    const { url, server } = await serving(
      kernel,
      { open: fd => void opened.push(fd), close: (fd, error) => void closed.set(fd, error) },
      [
        [SO_OVERFLOW, policy],
        [SO_WRITE_HIGH_WATER, 64 * 1024],
      ],
    )
    await using slow = await peer(url)
    await until(() => opened.length === 1)
    await using quick = await peer(url)
    await until(() => opened.length === 2)
    slow.socket.pause()
    const over = () =>
      policy === 'close' ? closed.has(opened[0]) : (kernel.status(opened[0])?.drops ?? 0) > 0
    let sent = 0
    while (!over()) {
      kernel.broadcast(server, `${sent} ${CHUNK}`)
      expect(String(await quick.inbox.next()).startsWith(`${sent} `)).toBe(true)
      sent++
    }
    if (policy === 'close') {
      expect(closed.get(opened[0])).toMatchObject({ code: 'ENOBUFS' })
      return
    }
    kernel.broadcast(server, 'the last')
    expect(await quick.inbox.next()).toBe('the last')
    slow.socket.resume()
    const got: string[] = []
    if (policy === 'latest') {
      while (got.at(-1) !== 'the last') got.push(String(await slow.inbox.next()))
    } else {
      await until(() => slow.inbox.size > 0)
      kernel.write(opened[0], 'the end')
      while (got.at(-1) !== 'the end') got.push(String(await slow.inbox.next()))
      expect(got).not.toContain('the last')
    }
    expect(got.length).toBeLessThan(sent + 1)
  },
)

test('compressed messages that are being made count as queued, and all arrive in order between others', async () => {
  await using kernel = await wsKernel()
  const opened = Promise.withResolvers<any>()
  const { url } = await serving(kernel, { open: fd => opened.resolve(fd) }, [[WS_COMPRESSION, true]])
  const inbox = new Inbox<WsMessage>()
  await dialling(kernel, url, { message: (_fd, message) => inbox.put(message) }, [[WS_COMPRESSION, true]])
  const fd = await opened.promise
  const sent: string[] = []
  let waits = 0
  for (let i = 0; i < 200; i++) {
    const text = i % 3 === 0 ? `${i}` : `${i} ${'long '.repeat(2000)}`
    sent.push(text)
    if (!kernel.write(fd, text)) waits++
  }
  for (const text of sent) {
    const { data, frame_info } = await inbox.next()
    expect(data).toBe(text)
    expect(frame_info.compressed).toBe(text.length > 1024)
  }
  expect(waits).toBeGreaterThan(0)
})

test('a broadcast reaches a client that gets compressed messages in its place among them', async () => {
  await using kernel = await wsKernel()
  const opened: any[] = []
  const { url, server } = await serving(kernel, { open: fd => void opened.push(fd) }, [
    [WS_COMPRESSION, true],
  ])
  await using plain = await peer(url)
  await until(() => opened.length === 1)
  await using deflated = await peer(url, [], { perMessageDeflate: true })
  await until(() => opened.length === 2)
  const long = 'long '.repeat(5000)
  for (let i = 0; i < 20; i++) {
    kernel.broadcast(server, `${i} ${long}`)
    kernel.broadcast(server, `${i} short`)
  }
  for (const client of [plain, deflated])
    for (let i = 0; i < 20; i++) {
      expect(await client.inbox.next()).toBe(`${i} ${long}`)
      expect(await client.inbox.next()).toBe(`${i} short`)
    }
})

test('a bomb of compressed bytes is stopped at the size a message may have', async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(
    kernel,
    echoing(() => kernel),
    [[WS_COMPRESSION, true]],
  )
  await using client = await peer(url, [], { perMessageDeflate: true })
  client.socket.send(Buffer.alloc(64 * 2 ** 20))
  expect(await client.closed).toMatchObject({ code: 1009 })
})
