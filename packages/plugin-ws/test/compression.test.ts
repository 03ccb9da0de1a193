/** permessage-deflate on open connections. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WS_COMPRESSION, WS_EXTENSIONS, WS_HANDSHAKE, type WsMessage } from '../src/index.ts'
import { dialling, echoing, Inbox, ISOLATIONS, peer, serving, wsKernel } from './support/kernel.ts'
import { RawPeer, request } from './support/raw.ts'

const LONG = 'the same again, '.repeat(500)

describe.each(ISOLATIONS)('over %s', isolation => {
  test('long messages are compressed both ways, short ones are not', async () => {
    await using kernel = await wsKernel(isolation)
    const inbox = new Inbox<WsMessage>()
    const opened = Promise.withResolvers<any>()
    const { url } = await serving(
      kernel,
      echoing(() => kernel, {
        open: fd => opened.resolve(fd),
        message: (fd, message) => {
          inbox.put(message)
          kernel.write(fd, message.data)
        },
      }),
      [[WS_EXTENSIONS, ['permessage-deflate']]],
    )
    await using client = await peer(url, [], { perMessageDeflate: true })
    expect(client.socket.extensions).toBe('permessage-deflate')
    for (const [sent, compressed] of [
      [LONG, true],
      ['short', false],
      [Buffer.from(LONG), true],
    ] as const) {
      client.socket.send(sent, { compress: compressed })
      expect((await inbox.next()).frame_info).toMatchObject({ compressed, length: sent.length })
      expect(await client.inbox.next()).toEqual(sent)
    }
    const fd = await opened.promise
    expect(await kernel.query(fd, WS_COMPRESSION)).toBe(true)
    expect(await kernel.query(fd, WS_EXTENSIONS)).toEqual(['permessage-deflate'])
    expect((await kernel.query(fd, WS_HANDSHAKE))!.extensions.split('; ').sort()).toEqual([
      'client_max_window_bits=10',
      'client_no_context_takeover',
      'permessage-deflate',
      'server_max_window_bits=10',
      'server_no_context_takeover',
    ])
  })
})

test("Node's own WebSocket exchanges compressed messages with the server", async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(
    kernel,
    echoing(() => kernel),
    [[WS_COMPRESSION, true]],
  )
  const client = new WebSocket(url)
  await once(client, 'open')
  expect(client.extensions).toMatch(/^permessage-deflate/)
  client.send(LONG)
  expect((await once(client, 'message'))[0].data).toBe(LONG)
  client.close()
  await once(client, 'close')
})

test('a message says for itself whether it is compressed', async () => {
  await using kernel = await wsKernel()
  const opened = Promise.withResolvers<any>()
  const { url } = await serving(kernel, { open: fd => opened.resolve(fd) }, [[WS_COMPRESSION, true]])
  const inbox = new Inbox<WsMessage>()
  await dialling(kernel, url, { message: (_fd, message) => inbox.put(message) }, [[WS_COMPRESSION, true]])
  const fd = await opened.promise
  for (const [message, compressed] of [
    [{ data: 'short', compress: true }, true],
    [{ data: LONG, compress: false }, false],
    [{ data: Buffer.from(LONG), compress: true }, true],
    [{ data: { text: LONG } }, true],
  ] as const) {
    kernel.write(fd, message)
    expect((await inbox.next()).frame_info.compressed).toBe(compressed)
  }
})

test.each([
  { windowBits: 15, memLevel: 9, contextTakeover: true },
  { windowBits: 9, memLevel: 1, threshold: 0 },
  { contextTakeover: true, threshold: 1 },
])('messages survive with %j at both ends', async settings => {
  await using kernel = await wsKernel()
  const { url } = await serving(
    kernel,
    echoing(() => kernel),
    [[WS_COMPRESSION, settings]],
  )
  const inbox = new Inbox<WsMessage>()
  const client = await dialling(kernel, url, { message: (_fd, message) => inbox.put(message) }, [
    [WS_COMPRESSION, settings],
  ])
  for (let i = 0; i < 20; i++) {
    const text = `${i} ${LONG.slice(i * 300)}`
    kernel.write(client, text)
    expect(await inbox.next()).toMatchObject({ data: text, frame_info: { compressed: true } })
  }
})

test.each<[string, string | undefined]>([
  ['permessage-deflate; server_max_window_bits=8', undefined],
  ['permessage-deflate; unknown=1', undefined],
  [
    'permessage-deflate; unknown, permessage-deflate',
    'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10',
  ],
])('an offer of %s is answered with %s, and served either way', async (offer, answer) => {
  await using kernel = await wsKernel()
  const { port } = await serving(kernel, {}, [[WS_COMPRESSION, true]])
  using raw = await RawPeer.connect(port)
  const { status, headers } = await raw.send(request({ 'Sec-WebSocket-Extensions': offer })).response()
  expect([status, headers['sec-websocket-extensions']]).toEqual([101, answer])
})

test('WS_COMPRESSION false goes before WS_EXTENSIONS, and without either nothing is compressed', async () => {
  await using kernel = await wsKernel()
  for (const options of [
    [],
    [
      [WS_EXTENSIONS, ['permessage-deflate']],
      [WS_COMPRESSION, false],
    ],
  ] as const) {
    const { url } = await serving(kernel, {}, options)
    await using client = await peer(url, [], { perMessageDeflate: true })
    expect(client.socket.extensions).toBe('')
  }
})

test.each([
  [WS_COMPRESSION, { windowBits: 8 }],
  [WS_COMPRESSION, { memLevel: 10 }],
  [WS_COMPRESSION, { level: 1 }],
  [WS_COMPRESSION, 'yes'],
  [WS_EXTENSIONS, ['x-other']],
  [WS_EXTENSIONS, 'permessage-deflate'],
])('option %i refuses %j', async (option, value) => {
  await using kernel = await wsKernel()
  const { server } = await serving(kernel, {})
  await expect(kernel.setOption(server, option as never, value as never)).rejects.toMatchObject({
    code: 'EINVAL',
  })
})
