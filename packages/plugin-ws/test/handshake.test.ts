/** The opening handshake over a raw socket: what is asked of clients, and what they are told. */
import { describe, expect, test } from 'vitest'
import {
  WS_AUTH,
  WS_COMPRESSION,
  WS_HANDSHAKE,
  WS_HANDSHAKE_TIMEOUT,
  WS_MAX_MESSAGE_SIZE,
  WS_ORIGIN,
  WS_PING_INTERVAL,
  WS_PROTOCOL,
} from '../src/index.ts'
import {
  echoing,
  ISOLATIONS,
  type OptionRow,
  peer,
  refusedWith,
  serving,
  until,
  wsKernel,
} from './support/kernel.ts'
import { frame, RawPeer, request, TEXT } from './support/raw.ts'

/** The response to one request. */
async function answerTo(text: string, options: readonly OptionRow[] = []) {
  await using kernel = await wsKernel()
  const { port } = await serving(
    kernel,
    echoing(() => kernel),
    options,
  )
  using raw = await RawPeer.connect(port)
  const response = await raw.send(text).response(text.split(' ', 1)[0])
  if (response.status !== 101) {
    expect(response.headers.connection).toMatch(/close/)
    await raw.ended()
  }
  return response
}

describe('a request that lacks something is refused, in the order of RFC 6455 section 4.2.1', () => {
  test.each<[string, string, number, Record<string, string>?]>([
    ['another method', request({}, 'POST / HTTP/1.1'), 405, { allow: 'GET' }],
    ['a HEAD', request({}, 'HEAD / HTTP/1.1'), 405],
    ['CONNECT', request({}, 'CONNECT a:1 HTTP/1.1'), 405],
    ['HTTP/1.0', request({}, 'GET / HTTP/1.0'), 505],
    ['no Host', request({ Host: undefined }), 400],
    ['two Hosts', request({ Host: ['a', 'b'] }), 400],
    [
      'no Upgrade',
      request({ Upgrade: undefined }),
      426,
      { upgrade: 'websocket', connection: 'Upgrade, close' },
    ],
    ['another Upgrade', request({ Upgrade: 'h2c' }), 400],
    ['no Connection', request({ Connection: undefined }), 400],
    ['another Connection', request({ Connection: 'keep-alive' }), 400],
    ['no version', request({ 'Sec-WebSocket-Version': undefined }), 426, { 'sec-websocket-version': '13' }],
    ['version 8', request({ 'Sec-WebSocket-Version': '8' }), 426, { 'sec-websocket-version': '13' }],
    ['two versions', request({ 'Sec-WebSocket-Version': ['13', '13'] }), 426],
    ['no key', request({ 'Sec-WebSocket-Key': undefined }), 400],
    ['a short key', request({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }), 400],
    ['a key that is no base64', request({ 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }), 400],
    [
      'two keys',
      request({ 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }),
      400,
    ],
    ['a body', `${request({ 'Content-Length': '5' })}hello`, 400],
    ['an origin of elsewhere', request({ Origin: 'http://evil.example' }), 403],
    ['a malformed list of subprotocols', request({ 'Sec-WebSocket-Protocol': 'a,,b' }), 400],
    ['a subprotocol twice', request({ 'Sec-WebSocket-Protocol': 'a, a' }), 400],
    ['malformed extensions', request({ 'Sec-WebSocket-Extensions': 'permessage-deflate;=' }), 400],
    ['a header that is too large', request({ Cookie: 'c'.repeat(17 * 1024) }), 431],
    ['no HTTP', 'hello there\r\n\r\n', 400],
  ])('%s', async (_what, text, status, headers = {}) => {
    expect(await answerTo(text)).toMatchObject({ status, headers })
  })

  test('what is wrong first is told first', async () => {
    const everything = request(
      { Host: undefined, 'Sec-WebSocket-Key': undefined, Origin: 'x' },
      'PUT / HTTP/1.1',
    )
    expect((await answerTo(everything)).status).toBe(405)
  })
})

test('what is right in another spelling is served', async () => {
  for (const headers of [
    { Upgrade: 'WebSocket' },
    { Connection: 'keep-alive, UPGRADE' },
    { Host: 'localhost:80', Origin: 'http://localhost' },
    { Host: 'example.com:8080', Origin: 'https://example.com:8080' },
    { 'Content-Length': '0' },
    { 'Sec-WebSocket-Extensions': 'x-unknown; a=1, permessage-deflate' },
    { 'Sec-WebSocket-Protocol': 'unasked' },
  ])
    expect([headers, (await answerTo(request(headers))).status]).toEqual([headers, 101])
})

describe('WS_ORIGIN', () => {
  test.each<[string | string[] | undefined, string, number]>([
    [undefined, 'null', 403],
    [undefined, 'http://localhost:81', 403],
    [undefined, 'http://localhost.evil.example', 403],
    [undefined, 'http://localhost@evil.example', 403],
    [undefined, 'no url', 403],
    [undefined, 'http://LOCALHOST', 101],
    ['https://a.example', 'https://a.example', 101],
    ['https://a.example', 'https://a.example.evil', 403],
    ['https://a.example', 'http://localhost', 403],
    [['https://a.example', 'null'], 'null', 101],
    ['*', 'http://anywhere.example', 101],
  ])('%j takes %s: %i', async (allowed, origin, status) => {
    const options: OptionRow[] = allowed === undefined ? [] : [[WS_ORIGIN, allowed]]
    expect((await answerTo(request({ Origin: origin }), options)).status).toBe(status)
  })
})

describe('WS_PROTOCOL', () => {
  test.each<[unknown, string | undefined, number, string?]>([
    [['chat', 'game'], 'game, chat', 101, 'chat'],
    [['chat', 'game'], 'game', 101, 'game'],
    [['chat'], 'x', 400],
    [['chat'], undefined, 101],
    [[{ name: 'chat', required: true }], undefined, 400],
    [[{ name: 'chat', required: true }], 'chat', 101, 'chat'],
    ['chat', 'x, chat', 101, 'chat'],
    [['Chat'], 'chat', 400],
  ])('%j and an offer of %s: %i', async (accepted, offered, status, chosen) => {
    const response = await answerTo(request({ 'Sec-WebSocket-Protocol': offered }), [[WS_PROTOCOL, accepted]])
    expect(response.status).toBe(status)
    expect(response.headers['sec-websocket-protocol']).toBe(chosen)
  })

  test.each([[['a b']], [[{ json: true }]], [['a', { name: 'a' }]], ['ä'], [7]])(
    '%j is refused',
    async value => {
      await using kernel = await wsKernel()
      await expect(
        serving(kernel, {}, [[WS_PROTOCOL, value]]).then(({ server }) =>
          kernel.setOption(server, WS_PROTOCOL, value as never),
        ),
      ).rejects.toMatchObject({ code: 'EINVAL' })
    },
  )
})

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a refusal carries its status, and the server goes on', async () => {
    await using kernel = await wsKernel(isolation)
    const { url, port } = await serving(
      kernel,
      echoing(() => kernel),
      [[WS_ORIGIN, 'https://a.example']],
    )
    expect((await refusedWith(url, [], { origin: 'https://b.example' })).status).toBe(403)
    const plain = await fetch(`http://127.0.0.1:${port}/`)
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket'])
    using raw = await RawPeer.open(port, { Origin: 'https://a.example' })
    expect((await raw.send(frame(TEXT, 'still here')).frame()).payload.toString()).toBe('still here')
  })

  test('WS_HANDSHAKE tells what was asked for and agreed on, and no secrets', async () => {
    await using kernel = await wsKernel(isolation)
    const opened = Promise.withResolvers<any>()
    const { port } = await serving(kernel, { open: fd => opened.resolve(fd) }, [[WS_PROTOCOL, ['chat']]])
    using raw = await RawPeer.connect(port)
    const headers = {
      Cookie: ['a=1', 'b=2'],
      'X-Game': ['one', 'two'],
      Authorization: 'Bearer secret',
      'Sec-WebSocket-Protocol': 'chat',
    }
    await raw.send(request(headers, 'GET /a%20b?x=1&y=2&x=3 HTTP/1.1')).response()
    expect(await kernel.query(await opened.promise, WS_HANDSHAKE)).toEqual({
      path: '/a%20b',
      query_params: { x: ['1', '3'], y: '2' },
      headers: { host: 'localhost', cookie: 'a=1; b=2', 'x-game': 'one, two' },
      protocol: 'chat',
      extensions: '',
      auth: false,
    })
  })
})

test('a handshake that comes too slowly is ended with 408', async () => {
  await using kernel = await wsKernel()
  const { port } = await serving(kernel, {}, [[WS_HANDSHAKE_TIMEOUT, 1]])
  using silent = await RawPeer.connect(port)
  using slow = await RawPeer.connect(port)
  slow.send('GET / HTTP/1.1\r\nHost: a\r\nX-A: ')
  const drip = setInterval(() => slow.send('a'), 100)
  const response = await slow.response()
  clearInterval(drip)
  expect(response.status).toBe(408)
  await silent.ended()
  await slow.ended()
  silent.socket.end()
  slow.socket.end()
  let seen = ''
  while (!seen.includes('"connections":0,"pending":0')) seen = JSON.stringify(await kernel.inspect())
})

test('clients that leave in the middle of a handshake leave nothing behind', async () => {
  await using kernel = await wsKernel()
  const { port } = await serving(kernel, {})
  const whole = request()
  for (const cut of [0, 1, 10, whole.length - 1]) {
    const raw = await RawPeer.connect(port)
    raw.send(whole.slice(0, cut))
    raw.socket.resetAndDestroy()
    const polite = await RawPeer.connect(port)
    polite.send(whole.slice(0, cut)).socket.end()
    await polite.ended()
  }
  const counts = async () => JSON.stringify(await kernel.inspect())
  let seen = await counts()
  while (!seen.includes('"connections":0,"pending":0')) seen = await counts()
  expect(kernel.status()).toHaveLength(1)
})

test('a port that is bound and does not listen yet holds its clients', async () => {
  await using kernel = await wsKernel()
  const { WEBSOCKET_SERVER } = await import('../src/index.ts')
  const opened: number[] = []
  const server = kernel.create(WEBSOCKET_SERVER, { open: fd => void opened.push(fd) })
  const { port } = await kernel.bind(server, 0)
  using raw = await RawPeer.connect(port)
  raw.send(request())
  await kernel.listen(server)
  expect((await raw.response()).status).toBe(101)
  await until(() => opened.length === 1)
})

test('what a handshake settled cannot be set on the open connection', async () => {
  await using kernel = await wsKernel()
  const opened = Promise.withResolvers<any>()
  const { url } = await serving(kernel, { open: fd => opened.resolve(fd) })
  await using _client = await peer(url)
  const fd = await opened.promise
  for (const [option, value] of [
    [WS_PROTOCOL, 'chat'],
    [WS_ORIGIN, 'https://example.org'],
    [WS_COMPRESSION, true],
    [WS_AUTH, { keys: ['k'] }],
    [WS_HANDSHAKE_TIMEOUT, 5],
    [WS_MAX_MESSAGE_SIZE, 5],
  ] as [any, unknown][])
    await expect(kernel.setOption(fd, option, value as never), `option ${option}`).rejects.toMatchObject({
      code: 'ENOTSUP',
    })
  await kernel.setOption(fd, WS_PING_INTERVAL, 5)
})
