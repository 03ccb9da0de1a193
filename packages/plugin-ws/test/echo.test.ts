/** Messages in both directions, over every isolation and with independent peers. */
import { once } from 'node:events'
import type { Kernel } from '@unisock/kernel'
import { WS_MODE } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { WS_PROTOCOL, WS_SUBPROTOCOL, type WsMessage } from '../src/index.ts'
import { dialling, echoing, Inbox, ISOLATIONS, peer, serving, until, wsKernel } from './support/kernel.ts'
import { acceptOf, BINARY, frame, KEY, RawPeer, request, TEXT } from './support/raw.ts'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('text and bytes are echoed to a client of the ws library', async () => {
    await using kernel = await wsKernel(isolation)
    const { url } = await serving(
      kernel,
      echoing(() => kernel),
    )
    await using client = await peer(url)
    client.socket.send('grüße')
    expect(await client.inbox.next()).toBe('grüße')
    const bytes = Buffer.from([0, 1, 254, 255])
    client.socket.send(bytes)
    expect(await client.inbox.next()).toEqual(bytes)
    client.socket.send('')
    expect(await client.inbox.next()).toBe('')
  })

  test('a client and a server of the plugin talk, and close', async () => {
    await using kernel = await wsKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    const { url, addr } = await serving(
      kernel,
      echoing(() => kernel, { close: (_fd, error) => closed.resolve(error) }),
    )
    const inbox = new Inbox<WsMessage>()
    const opened: unknown[] = []
    const client = await dialling(kernel, url, {
      open: (_fd, _listener, to) => void opened.push(to),
      message: (_fd, message) => inbox.put(message),
    })
    expect(opened).toEqual([addr])
    kernel.write(client, 'hello')
    expect(await inbox.next()).toEqual({
      message_type: 'text',
      protocol: '',
      data: 'hello',
      frame_info: { opcode: 1, fin: true, compressed: false, length: 5 },
      auth_valid: false,
    })
    kernel.write(client, Buffer.from('bytes'))
    const bytes = Buffer.from('bytes')
    expect(await inbox.next()).toEqual({
      message_type: 'binary',
      protocol: '',
      data: bytes,
      binary_data: bytes,
      frame_info: { opcode: 2, fin: true, compressed: false, length: 5 },
      auth_valid: false,
    })
    expect(kernel.getOption(client, WS_MODE)).toBe(1)
    await kernel.close(client)
    expect(await closed.promise).toBeUndefined()
  })

  test("Node's own WebSocket talks to the server", async () => {
    await using kernel = await wsKernel(isolation)
    const { url } = await serving(
      kernel,
      echoing(() => kernel),
      [[WS_PROTOCOL, ['chat']]],
    )
    const client = new WebSocket(url, ['chat'])
    client.binaryType = 'arraybuffer'
    await once(client, 'open')
    expect(client.protocol).toBe('chat')
    client.send('hi')
    const [text] = await once(client, 'message')
    expect(text.data).toBe('hi')
    client.send(new Uint8Array([1, 2]))
    const [bytes] = await once(client, 'message')
    expect(new Uint8Array(bytes.data)).toEqual(new Uint8Array([1, 2]))
    client.close(4000, 'bye')
    const [event] = await once(client, 'close')
    expect(event).toMatchObject({ code: 4000, reason: 'bye', wasClean: true })
  })

  test('JSON is decoded under a subprotocol, and what is written as a mapping goes out as JSON', async () => {
    await using kernel = await wsKernel(isolation)
    const inbox = new Inbox<WsMessage>()
    const { url } = await serving(
      kernel,
      {
        message: (fd, message) => {
          inbox.put(message)
          kernel.write(fd, { data: { got: message.data } })
        },
      },
      [[WS_PROTOCOL, ['chat', { name: 'plain', json: false }]]],
    )
    await using chat = await peer(url, ['chat'])
    for (const [sent, data] of [
      ['{"user":"ann","n":[1,2.5,null]}', { user: 'ann', n: [1, 2.5, null] }],
      [' \n[1]', [1]],
      ['{"cut":', '{"cut":'],
      ['42', '42'],
      ['"text"', '"text"'],
    ] as const) {
      chat.socket.send(sent)
      expect(await inbox.next()).toMatchObject({ message_type: 'text', protocol: 'chat', data })
      expect(JSON.parse(String(await chat.inbox.next()))).toEqual({ got: data })
    }
    await using plain = await peer(url, ['plain'])
    plain.socket.send('{}')
    expect(await inbox.next()).toMatchObject({ protocol: 'plain', data: '{}' })
    await using none = await peer(url)
    none.socket.send('{}')
    expect(await inbox.next()).toMatchObject({ protocol: '', data: '{}' })
  })

  test('a broadcast and a write to several fds reach each, in every form', async () => {
    await using kernel = await wsKernel(isolation)
    const fds: any[] = []
    const { url, server } = await serving(kernel, { open: fd => void fds.push(fd) })
    await using one = await peer(url)
    await using two = await peer(url)
    await using three = await peer(url)
    await until(() => fds.length === 3)
    const long = 'é'.repeat(40_000)
    const bytes = Buffer.from([9, 8, 7])
    kernel.broadcast(server, long)
    kernel.broadcast(server, bytes)
    kernel.broadcast(server, { data: { n: 1 } })
    kernel.broadcast(server, { data: 'as bytes', binary: true })
    kernel.broadcast(server, '', { except: fds[2] })
    kernel.write(fds, 'all')
    kernel.write([fds[0], fds[2]], bytes)
    for (const client of [one, two, three]) {
      expect(await client.inbox.next()).toBe(long)
      expect(await client.inbox.next()).toEqual(bytes)
      expect(await client.inbox.next()).toBe('{"n":1}')
      expect(await client.inbox.next()).toEqual(Buffer.from('as bytes'))
      if (client !== three) expect(await client.inbox.next()).toBe('')
      expect(await client.inbox.next()).toBe('all')
      if (client !== two) expect(await client.inbox.next()).toEqual(bytes)
    }
  })

  test('the negotiated subprotocol is told by query, and a client gets what it offered alone', async () => {
    await using kernel = await wsKernel(isolation)
    const opened = Promise.withResolvers<any>()
    const { url } = await serving(kernel, { open: fd => opened.resolve(fd) }, [[WS_PROTOCOL, ['b', 'a']]])
    const client = await dialling(kernel, url, {}, [[WS_SUBPROTOCOL, 'a']])
    expect(await kernel.query(client, WS_SUBPROTOCOL)).toBe('a')
    expect(await kernel.query(await opened.promise, WS_SUBPROTOCOL)).toBe('a')
  })
})

test('the 101 carries the accept of the key, and frames to clients are not masked', async () => {
  await using kernel = await wsKernel()
  const { port } = await serving(
    kernel,
    echoing(() => kernel),
  )
  using raw = await RawPeer.connect(port)
  const { status, headers } = await raw.send(request()).response()
  expect(status).toBe(101)
  expect(headers).toEqual({
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': acceptOf(KEY),
  })
  for (const length of [0, 125, 126, 65_535, 65_536]) {
    const payload = Buffer.alloc(length, 'a')
    raw.send(frame(TEXT, payload))
    expect(await raw.frame()).toEqual({ fin: true, rsv: 0, opcode: TEXT, masked: false, payload })
  }
})

test('frames sent right behind the request are not lost, and a fragmented message comes in one', async () => {
  await using kernel = await wsKernel()
  const inbox = new Inbox<WsMessage>()
  const { port } = await serving(kernel, { message: (_fd, message) => inbox.put(message) })
  using raw = await RawPeer.connect(port)
  raw.send(
    Buffer.concat([
      Buffer.from(request()),
      frame(BINARY, 'ab', { fin: false }),
      frame(0, 'c', { fin: false }),
      frame(0, 'de'),
    ]),
  )
  expect(await inbox.next()).toMatchObject({
    data: Buffer.from('abcde'),
    frame_info: { opcode: 2, fin: true, length: 5 },
  })
})

test('what cannot be sent throws to its writer, and what was received can be sent as it is', async () => {
  await using kernel: Kernel = await wsKernel()
  const inbox = new Inbox<WsMessage>()
  const opened = Promise.withResolvers<any>()
  const { url } = await serving(kernel, {
    open: fd => opened.resolve(fd),
    message: (fd, message) => {
      inbox.put(message)
      kernel.write(fd, message)
    },
  })
  await using client = await peer(url)
  const fd = await opened.promise
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const bad of [7, true, null, undefined, ['x'], {}, { text: 'x' }, Symbol('x'), () => {}, 1n])
    expect(() => kernel.write(fd, bad as never)).toThrow(expect.objectContaining({ code: 'ETYPENOTSUPP' }))
  for (const data of [undefined, circle, 1n, () => {}])
    expect(() => kernel.write(fd, { data })).toThrow(expect.objectContaining({ code: 'ETYPENOTSUPP' }))
  expect(() => kernel.write(fd, { data: Buffer.from([0xff]), binary: false })).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  )
  kernel.write(fd, { data: Buffer.from('text'), binary: false })
  expect(await client.inbox.next()).toBe('text')
  client.socket.send('{"again":1}')
  expect(await client.inbox.next()).toBe('{"again":1}')
  client.socket.send(Buffer.from([1]))
  expect(await client.inbox.next()).toEqual(Buffer.from([1]))
})
