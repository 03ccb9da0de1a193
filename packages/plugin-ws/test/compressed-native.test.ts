/** Mode 36: permessage-deflate with bounded memory. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { constants, deflateRawSync } from 'node:zlib'
import { type Kernel, SO_TLS_VERIFY_PEER, TLS_CA, TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { Authority } from '../../../test/support/certificates.ts'
import { agreedDeflate, inflateWith } from '../src/connection/ws-library.ts'
import { deflateMessage, inflateMessage, sharedDeflate } from '../src/deflate/shared-deflate.ts'
import {
  WEBSOCKET_COMPRESSED_NATIVE,
  WS_COMPRESSION,
  WS_DEFLATE,
  WS_HANDSHAKE,
  WS_MAX_MESSAGE_SIZE,
  WS_PROTOCOL,
  WS_RECONNECT,
  WS_SUBPROTOCOL,
  type WsMessage,
} from '../src/index.ts'
import {
  dialling,
  echoing,
  Inbox,
  ISOLATIONS,
  type OptionRow,
  peer,
  refusedWith,
  type ServerHandlers,
  serving,
  wsKernel,
} from './support/kernel.ts'
import { BINARY, frame, RawPeer, request, TEXT } from './support/raw.ts'

const LONG = 'the same again, '.repeat(500)
const mode = WEBSOCKET_COMPRESSED_NATIVE
const PROTOCOL = 'unisock.deflate.v1'
const OFFER = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }

/** A listener of mode 36 without TLS. */
async function compressing(kernel: Kernel, handlers: ServerHandlers, options: readonly OptionRow[] = []) {
  const { server, port } = await serving(kernel, handlers, options, { mode })
  return { server, port, url: `ws://127.0.0.1:${port}/` }
}

let authority: Authority
beforeAll(() => {
  authority = new Authority()
})
afterAll(() => authority[Symbol.dispose]())

function identity(): OptionRow[] {
  const { certificate, privateKey } = authority.issue('localhost')
  return [
    [TLS_CERTIFICATE, certificate],
    [TLS_PRIVATE_KEY, privateKey],
  ]
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('both ends compress, agree on the subprotocol, and keep nothing between messages', async () => {
    await using kernel = await wsKernel(isolation)
    const { port } = await compressing(
      kernel,
      echoing(() => kernel),
    )
    const inbox = new Inbox<WsMessage>()
    const client = await dialling(
      kernel,
      { host: '127.0.0.1', port },
      { message: (_fd, message) => inbox.put(message) },
      [],
      mode,
    )
    expect(await kernel.query(client, WS_SUBPROTOCOL)).toBe(PROTOCOL)
    expect((await kernel.query(client, WS_HANDSHAKE))!.extensions.split('; ').sort()).toEqual([
      'client_max_window_bits=10',
      'client_no_context_takeover',
      'permessage-deflate',
      'server_max_window_bits=10',
      'server_no_context_takeover',
    ])
    for (const [data, compressed] of [
      [LONG, true],
      ['short', false],
      [Buffer.from(LONG), true],
      [LONG, true],
    ] as const) {
      kernel.write(client, data)
      expect(await inbox.next()).toMatchObject({
        data,
        protocol: PROTOCOL,
        frame_info: { compressed, length: data.length },
      })
    }
  })

  test('over TLS, which its options ask for at either end', async () => {
    await using kernel = await wsKernel(isolation)
    const { port } = await compressing(
      kernel,
      echoing(() => kernel),
      identity(),
    )
    for (const to of [`wss://localhost:${port}/`, { host: 'localhost', port }]) {
      const inbox = new Inbox<WsMessage>()
      const client = await dialling(
        kernel,
        to,
        { message: (_fd, message) => inbox.put(message) },
        [[TLS_CA, authority.certificate]],
        mode,
      )
      kernel.write(client, LONG)
      expect((await inbox.next()).data).toBe(LONG)
    }
  })

  test('a broadcast goes to all in the same compressed frame', async () => {
    await using kernel = await wsKernel(isolation)
    let open = 0
    const all = Promise.withResolvers<void>()
    const { server, port } = await compressing(kernel, {
      open: () => {
        if (++open === 3) all.resolve()
      },
    })
    const peers: RawPeer[] = []
    for (let i = 0; i < 3; i++) {
      const raw = await RawPeer.connect(port)
      await raw.send(request(OFFER)).response()
      peers.push(raw)
    }
    await all.promise
    kernel.broadcast(server, LONG)
    const frames = await Promise.all(peers.map(raw => raw.frame()))
    for (const { rsv, opcode, payload } of frames) {
      expect([rsv, opcode]).toEqual([4, TEXT])
      expect(payload).toEqual(frames[0]!.payload)
      expect(payload.length).toBeLessThan(LONG.length / 10)
      expect(String(inflateMessage(payload, 10, 1e6))).toBe(LONG)
    }
    for (const raw of peers) raw[Symbol.dispose]()
  })

  test('a bomb ends its connection with 1009, and what is not deflate with 1007', async () => {
    await using kernel = await wsKernel(isolation)
    const inbox = new Inbox<WsMessage>()
    const errors = new Inbox<Error | undefined>()
    const { port } = await compressing(
      kernel,
      { message: (_fd, message) => inbox.put(message), close: (_fd, error) => errors.put(error) },
      [
        [WS_DEFLATE, { maxRatio: 100 }],
        [WS_MAX_MESSAGE_SIZE, 2 ** 24],
      ],
    )
    const params = { windowBits: 15, memLevel: 9, level: 9 }
    const bomb = deflateMessage(Buffer.alloc(2 ** 22), params)
    for (const [payload, code] of [
      [bomb, 1009],
      [Buffer.from([0xff, 0xff, 0xff]), 1007],
    ] as const) {
      const raw = await RawPeer.connect(port)
      await raw.send(request(OFFER)).response()
      raw.send(frame(TEXT, deflateMessage('before', params), { rsv: 4 }))
      expect((await inbox.next()).data).toBe('before')
      raw.send(frame(BINARY, payload, { rsv: 4 }))
      expect(await raw.closeCode()).toBe(code)
      raw[Symbol.dispose]()
      expect(await errors.next()).toMatchObject({ code: 'EPROTO' })
    }
  })
})

test('a client that does not offer the extension is refused, whatever its subprotocol', async () => {
  await using kernel = await wsKernel()
  const { url } = await compressing(kernel, {})
  expect((await refusedWith(url, [PROTOCOL])).status).toBe(400)
  await using client = await peer(url, [PROTOCOL], { perMessageDeflate: true })
  expect(client.socket.protocol).toBe(PROTOCOL)
})

test('a client does without a server that does not take the extension', async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(kernel, {}, [[WS_PROTOCOL, PROTOCOL]])
  await expect(dialling(kernel, url, {}, [], mode)).rejects.toMatchObject({ code: 'EPROTO' })
})

test('other makes are peers too, in both roles, with any windows and fragments', async () => {
  await using kernel = await wsKernel()
  const { url } = await compressing(
    kernel,
    echoing(() => kernel),
  )
  for (const perMessageDeflate of [
    true,
    { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
    { clientMaxWindowBits: 15, clientNoContextTakeover: true },
  ]) {
    await using client = await peer(url, [], { perMessageDeflate })
    for (let i = 0; i < 5; i++) {
      client.socket.send(LONG.slice(i * 100, 4000), { fin: false })
      client.socket.send(LONG.slice(4000), { fin: true })
      expect(await client.inbox.next()).toBe(LONG.slice(i * 100))
    }
  }

  const other = new WebSocketServer({ port: 0, perMessageDeflate: { threshold: 0 } })
  other.on('connection', socket => socket.on('message', (data, binary) => socket.send(data, { binary })))
  await once(other, 'listening')
  const inbox = new Inbox<WsMessage>()
  const { port } = other.address() as AddressInfo
  const client = await dialling(
    kernel,
    `ws://127.0.0.1:${port}`,
    { message: (_fd, message) => inbox.put(message) },
    [[WS_PROTOCOL, []]],
    mode,
  )
  for (let i = 0; i < 5; i++) {
    kernel.write(client, LONG.slice(i))
    expect(await inbox.next()).toMatchObject({ data: LONG.slice(i), frame_info: { compressed: true } })
  }
  await kernel.close(client)
  await new Promise(resolve => other.close(resolve))
})

test.each([
  { contextTakeover: true, level: 1 },
  { windowBits: 15, memLevel: 9, level: 9, threshold: 0 },
  { windowBits: 9, memLevel: 1, threshold: 1 },
])('messages survive with %j at both ends', async settings => {
  await using kernel = await wsKernel()
  const { url } = await compressing(
    kernel,
    echoing(() => kernel),
    [[WS_DEFLATE, settings]],
  )
  const inbox = new Inbox<WsMessage>()
  const client = await dialling(
    kernel,
    url,
    { message: (_fd, message) => inbox.put(message) },
    [[WS_DEFLATE, settings]],
    mode,
  )
  for (let i = 0; i < 20; i++) kernel.write(client, `${i} ${LONG.slice(i * 300)}`)
  for (let i = 0; i < 20; i++)
    expect(await inbox.next()).toMatchObject({
      data: `${i} ${LONG.slice(i * 300)}`,
      frame_info: { compressed: true },
    })
})

test('many messages in one read arrive in their order, compressed or not', async () => {
  await using kernel = await wsKernel()
  const got: unknown[] = []
  const done = Promise.withResolvers<void>()
  const { port } = await compressing(kernel, {
    message: (_fd, { data }) => {
      if (got.push(data) === 5000) done.resolve()
    },
  })
  using raw = await RawPeer.connect(port)
  await raw.send(request(OFFER)).response()
  const params = { windowBits: 15, memLevel: 8, level: 6 }
  const frames = Array.from({ length: 5000 }, (_, i) =>
    i % 3 === 0 ? frame(TEXT, String(i)) : frame(TEXT, deflateMessage(String(i), params), { rsv: 4 }),
  )
  raw.send(Buffer.concat(frames))
  await done.promise
  expect(got).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)))
})

test('a message of its own size limit passes, one byte more does not', async () => {
  await using kernel = await wsKernel()
  const inbox = new Inbox<WsMessage>()
  const { url } = await compressing(kernel, { message: (_fd, message) => inbox.put(message) }, [
    [WS_MAX_MESSAGE_SIZE, 1000],
  ])
  await using client = await peer(url, [], { perMessageDeflate: { threshold: 0 } })
  client.socket.send('x'.repeat(1000))
  expect((await inbox.next()).frame_info).toMatchObject({ length: 1000, compressed: true })
  client.socket.send('x'.repeat(1001))
  expect((await client.closed).code).toBe(1009)
})

test('what does not shrink goes as it is, unless it is asked to be compressed', async () => {
  await using kernel = await wsKernel()
  const opened = Promise.withResolvers<any>()
  const { port } = await compressing(kernel, { open: fd => opened.resolve(fd) }, [
    [WS_DEFLATE, { threshold: 0 }],
  ])
  using raw = await RawPeer.connect(port)
  await raw.send(request(OFFER)).response()
  const fd = await opened.promise
  const seen: number[] = []
  for (const message of [
    'x',
    { data: 'x', compress: true },
    LONG,
    { data: LONG, compress: false },
  ] as const) {
    kernel.write(fd, message)
    seen.push((await raw.frame()).rsv)
  }
  expect(seen).toEqual([0, 4, 4, 0])
})

test('plain text is not sent where TLS options are set, and a bound fd does not connect', async () => {
  await using kernel = await wsKernel()
  const { url } = await compressing(kernel, {})
  await expect(dialling(kernel, url, {}, [[SO_TLS_VERIFY_PEER, false]], mode)).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('wss://'),
  })
  const bound = kernel.create(mode, {})
  await kernel.bind(bound, 0)
  await expect(kernel.connect(bound, url)).rejects.toMatchObject({ code: 'EISBOUND' })
})

test('a client comes back, and compresses again', async () => {
  await using kernel = await wsKernel()
  const fds: any[] = []
  const { url } = await compressing(
    kernel,
    echoing(() => kernel, { open: fd => void fds.push(fd) }),
  )
  const opened = new Inbox<void>()
  const inbox = new Inbox<WsMessage>()
  const client = await dialling(
    kernel,
    url,
    { open: () => opened.put(), message: (_fd, message) => inbox.put(message), error: () => {} },
    [[WS_RECONNECT, { min: 0.001 }]],
    mode,
  )
  await opened.next()
  await kernel.close(fds[0], { abort: true })
  await opened.next()
  kernel.write(client, LONG)
  expect(await inbox.next()).toMatchObject({ data: LONG, frame_info: { compressed: true } })
})

test.each([
  [WS_DEFLATE, { windowBits: 8 }],
  [WS_DEFLATE, { level: 0 }],
  [WS_DEFLATE, { maxRatio: 0 }],
  [WS_DEFLATE, true],
])('option %i refuses %j', async (option, value) => {
  await using kernel = await wsKernel()
  const fd = kernel.create(mode, {})
  await expect(kernel.setOption(fd, option, value as never)).rejects.toMatchObject({ code: 'EINVAL' })
})

test('the option is of this mode alone', async () => {
  await using kernel = await wsKernel()
  const { server } = await serving(kernel, {})
  await expect(kernel.setOption(server, WS_DEFLATE, {})).rejects.toMatchObject({ code: 'ENOPROTOOPT' })
  expect(kernel.getOption(server, WS_COMPRESSION)).toBeUndefined()
})

describe('deflating by message (RFC 7692 section 7.2)', () => {
  test('what is deflated inflates to the same, within any bound that holds it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 9, max: 15 }),
        fc.integer({ min: 1, max: 9 }),
        (bytes, times, windowBits, level) => {
          const payload = Buffer.concat(Array<Uint8Array>(times).fill(bytes))
          const deflated = deflateMessage(payload, { windowBits, memLevel: 4, level })
          expect(inflateMessage(deflated, windowBits, Math.max(1, payload.length))).toEqual(payload)
          if (payload.length > 1)
            expect(inflateMessage(deflated, windowBits, payload.length - 1)).toBe('too large')
        },
      ),
    )
  })

  test('any bytes inflate, are too large or malformed, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const inflated = inflateMessage(Buffer.from(bytes), 15, 1000)
        if (typeof inflated !== 'string') expect(inflated.length).toBeLessThanOrEqual(1000)
      }),
    )
  })

  test('a final block may end a message (section 7.2.3.4)', () => {
    const whole = deflateRawSync('Hello', { finishFlush: constants.Z_FINISH })
    expect(String(inflateMessage(Buffer.concat([whole, Buffer.from([0])]), 15, 100))).toBe('Hello')
  })

  test('a message is deflated once for each set of parameters', () => {
    const small = { windowBits: 9, memLevel: 4, level: 6 }
    const large = { ...small, windowBits: 15 }
    const message: [string, number] = [LONG, 0]
    const first = sharedDeflate(message, LONG, small)
    const second = sharedDeflate(message, LONG, large)
    expect(second).not.toBe(first)
    expect(sharedDeflate(message, LONG, { ...small })).toBe(first)
    expect(sharedDeflate(message, LONG, large)).toBe(second)
    expect(first.frame(1)).toBe(first.frame(1))
    expect(sharedDeflate([LONG, 0], LONG, small)).not.toBe(first)
  })

  test('the library below has what is used of it: windows, and a place for another inflater', async () => {
    const server = new WebSocketServer({ port: 0, perMessageDeflate: { threshold: 0 } })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = new WebSocket(`ws://127.0.0.1:${port}`, {
      perMessageDeflate: { clientMaxWindowBits: 12, clientNoContextTakeover: true, threshold: 0 },
    })
    const [socket] = (await once(server, 'connection')) as [WebSocket]
    await once(client, 'open')
    expect(agreedDeflate(socket)).toEqual({ sending: 15, receiving: 12, standalone: true })
    expect(agreedDeflate(client)).toEqual({ sending: 12, receiving: 15, standalone: false })
    const seen: Buffer[] = []
    expect(
      inflateWith(socket, message => {
        seen.push(message)
        return inflateMessage(message, 12, 1e6)
      }),
    ).toBe(true)
    client.send(LONG)
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(String(data)).toBe(LONG)
    expect(seen).toHaveLength(1)
    client.terminate()
    await new Promise(resolve => server.close(resolve))
  })
})
