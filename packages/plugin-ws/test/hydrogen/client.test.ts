import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import WS from 'ws'
import { sign } from '../../src/hydrogen/auth/signature.ts'
import { connect, HydrogenClientError } from '../../src/hydrogen/client/index.ts'
import { ClientPeer, once, SESSION } from './support/client-peer.ts'

test('a client offers hydrogen-protocol, asks for a session and is connected then', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const states: string[] = [client.state]
  client.on('state', state => states.push(state))
  const session = once(client, 'session')
  const connection = await peer.session({ expires: 5 })
  await client.ready
  expect(connection.offered).toEqual(['hydrogen-protocol'])
  expect(await session).toEqual({
    session: 's1',
    user: 'ann',
    permissions: ['*'],
    ttl: 120_000,
    expires: 5,
    recovered: false,
  })
  expect(client.session).toEqual(await session)
  await client.close()
  expect(states).toEqual(['connecting', 'connected', 'closed'])
  expect(await connection.closed).toEqual({ code: 1000, reason: '' })
})

test('a key is shown in the handshake and the token with the first command', async () => {
  await using peer = await ClientPeer.start()
  peer.client({ key: 'k-1', token: 'abc.def' })
  const connection = await peer.connection()
  expect(connection.offered).toEqual(['hydrogen-protocol', 'unisock.auth.k-1'])
  expect(await connection.command('connect')).toMatchObject({ auth: { token: 'abc.def' } })
})

test('a token alone is shown in the handshake, where it can be written there', async () => {
  await using peer = await ClientPeer.start()
  peer.client({ token: 'abc.def', protocols: ['other'] })
  const connection = await peer.connection()
  expect(connection.offered).toEqual(['hydrogen-protocol', 'other', 'unisock.auth.abc.def'])
  expect(await connection.command('connect')).not.toHaveProperty('auth')
  peer.client({ token: 'a/b c=' })
  const other = await peer.connection()
  expect(other.offered).toEqual(['hydrogen-protocol'])
  expect(await other.command('connect')).toMatchObject({ auth: { token: 'a/b c=' } })
})

test('a function gives each connection its token', async () => {
  await using peer = await ClientPeer.start()
  let count = 0
  peer.client({ token: async () => `token-${++count}` })
  const first = await peer.session()
  expect(first.offered.at(-1)).toBe('unisock.auth.token-1')
  first.cut()
  const { connection } = await peer.resumed()
  expect(connection.offered.at(-1)).toBe('unisock.auth.token-2')
})

test('a function that fails to give a token is asked again', async () => {
  await using peer = await ClientPeer.start()
  let count = 0
  const client = peer.client({
    token: () => {
      if (++count === 1) throw new TypeError('offline')
      return 'abc'
    },
  })
  expect(await once<Error>(client, 'error')).toMatchObject({ code: 'lost', message: 'TypeError: offline' })
  await peer.session()
  await client.ready
})

test('any constructor of WebSockets will do, so that headers can be sent', async () => {
  await using peer = await ClientPeer.start()
  class Authorized extends WS {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers: { authorization: 'Key k-1' } })
    }
  }
  const client = peer.client({ WebSocket: Authorized })
  const connection = await peer.session()
  expect(connection.request.headers.authorization).toBe('Key k-1')
  const answer = client.command('print', 'start', { file: 'a' })
  connection.answer(await connection.command('start'), { job: 7 })
  expect(await answer).toEqual({ job: 7 })
})

test('a command gets what the server answered, or rejects with what it refused it with', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const started = client.command('print', 'start', { file: 'a.gcode' })
  const command = await connection.command('start')
  expect(command).toEqual({
    type: 'command',
    id: expect.any(String),
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    channel: 'print',
    action: 'start',
    cseq: 1,
    data: { file: 'a.gcode' },
  })
  connection.answer(command, { job: 7 })
  expect(await started).toEqual({ job: 7 })

  const refused = client.command('print', 'stop')
  const stop = await connection.command('stop')
  expect(stop).toMatchObject({ cseq: 2 })
  expect(stop).not.toHaveProperty('data')
  connection.refuse(stop, 'rate_limit_messages', { retryAfter: 50, details: { limit: 10 } })
  const error = await refused.catch(error => error)
  expect(error).toBeInstanceOf(HydrogenClientError)
  expect(error).toMatchObject({
    code: 4291,
    reason: 'rate_limit_messages',
    category: 'connection',
    retryable: true,
    retryAfter: 50,
    details: { limit: 10 },
    message: 'Too many messages',
  })
})

test('the verbs of the protocol are commands without a number', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const cases: [string, Promise<unknown>, unknown][] = [
    [
      'history',
      client.history('a', { from: 3, limit: 2, reverse: true }),
      { topic: 'a', from: 3, limit: 2, reverse: true },
    ],
    ['presence', client.presence('a'), { topic: 'a', users: true }],
    ['status', client.status(), undefined],
    ['refresh', client.refresh('new'), undefined],
  ]
  for (const [action, promise, data] of cases) {
    const command = await connection.command(action)
    expect(command).toMatchObject({ channel: 'system', ...(data !== undefined && { data }) })
    expect(command).not.toHaveProperty('cseq')
    if (action === 'refresh') expect(command.auth).toEqual({ token: 'new' })
    connection.answer(command, { action })
    expect(await promise).toEqual({ action })
  }
  const ping = client.ping()
  connection.answer(await connection.command('ping'), { time: 1 })
  expect(await ping).toBeGreaterThanOrEqual(0)
})

test('a token that is about to expire is refreshed where a function gives tokens', async () => {
  await using peer = await ClientPeer.start()
  let count = 0
  peer.client({ token: () => `token-${++count}` })
  const connection = await peer.session()
  connection.event({ channel: 'system', action: 'token_expiring', data: { expires: 1 } })
  expect(await connection.command('refresh')).toMatchObject({ auth: { token: 'token-2' } })
})

test('a signature is over what is sent', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const data = { grüße: ['\u2028', 1.5, null] }
  const secret = 'shhh'
  void client.command('print', 'signed', data, { sign: secret, token: 'tok' }).catch(() => {})
  void client.command('print', 'after').catch(() => {})
  const { id, timestamp, channel, action, auth, cseq } = await connection.command('signed')
  const parts = { id, timestamp, channel, action, data: JSON.stringify(data) }
  expect(auth).toEqual({ token: 'tok', signature: sign(secret, parts) })
  expect(cseq).toBe(1)
  expect(await connection.command('after')).toMatchObject({ cseq: 2 })
  void client.command('print', 'bare', undefined, { sign: secret }).catch(() => {})
  const bare = await connection.command('bare')
  expect(bare.auth.signature).toBe(sign(secret, { ...bare, data: '' } as any))
})

test('a command times out, and its late answer disturbs nothing', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  await client.ready
  const late = client.command('print', 'late', {}, { timeout: 1 })
  await expect(late).rejects.toMatchObject({ code: 'timed_out', retryable: true })
  const command = await connection.command('late')
  connection.answer(command, 'late')
  const next = client.command('print', 'next')
  const second = await connection.command('next')
  expect(second).toMatchObject({ cseq: 2 })
  connection.answer(second, 'next')
  expect(await next).toBe('next')
})

test('a command is taken back by its signal', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  await expect(client.command('print', 'start', {}, { signal: AbortSignal.abort('never') })).rejects.toBe(
    'never',
  )
  const controller = new AbortController()
  const waiting = client.command('print', 'start', {}, { signal: controller.signal })
  await Promise.resolve()
  controller.abort('changed my mind')
  await expect(waiting).rejects.toBe('changed my mind')
  const connection = await peer.session()
  const other = client.command('print', 'other')
  const command = await connection.command('other')
  expect(command).toMatchObject({ cseq: 1 })
  expect(connection.inbox.rest).toEqual([])
  connection.answer(command)
  await other
})

test('commands wait for a connection, so many and no more', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ queue: 2 })
  const first = client.command('print', 'one')
  const second = client.command('print', 'two')
  await expect(client.command('print', 'three')).rejects.toMatchObject({
    code: 'queue_full',
    retryable: true,
  })
  const connection = await peer.session()
  const one = await connection.command('one')
  const two = await connection.command('two')
  expect([one.cseq, two.cseq]).toEqual([1, 2])
  connection.answer(two, 2)
  connection.answer(one, 1)
  expect(await Promise.all([first, second])).toEqual([1, 2])
})

test('so many commands are under way and no more', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  await client.ready
  const answers = Array.from({ length: 40 }, (_, i) => client.command('a', 'b', i))
  const running = []
  for (let i = 0; i < 32; i++) running.push(await connection.command('b'))
  client.ping()
  const ping = await connection.command('ping')
  expect(connection.inbox.rest).toEqual([])
  connection.answer(ping)
  for (const command of running) connection.answer(command, command.data)
  for (let i = 32; i < 40; i++) {
    const command = await connection.command('b')
    expect(command.cseq).toBe(i + 1)
    connection.answer(command, command.data)
  }
  expect(await Promise.all(answers)).toEqual(Array.from(answers.keys()))
})

test('a command longer than the server takes is not sent', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session({ limits: { ...SESSION.limits, maxBytes: 300 } })
  await client.ready
  await expect(client.command('a', 'long', 'ä'.repeat(120))).rejects.toMatchObject({ code: 'too_long' })
  void client.command('a', 'short', 'a'.repeat(120)).catch(() => {})
  expect(await connection.command('short')).toMatchObject({ cseq: 1 })
})

test('what is under way when the client is closed rejects, and so does all after it', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const command = client.command('print', 'start')
  const subscription = client.subscribe('a')
  await connection.command('start')
  const rejected = Promise.all([
    expect(command).rejects.toMatchObject({ code: 'closed', retryable: false }),
    expect(subscription).rejects.toMatchObject({ code: 'closed' }),
  ])
  await client.close(3000, 'bye')
  await rejected
  expect(await connection.closed).toEqual({ code: 3000, reason: 'bye' })
  await expect(client.command('print', 'start')).rejects.toMatchObject({ code: 'closed' })
  await expect(client.subscribe('a')).rejects.toMatchObject({ code: 'closed' })
})

test('a client that is closed before it is connected never is', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  await client.close()
  await expect(client.ready).rejects.toMatchObject({ code: 'closed' })
  expect(client.state).toBe('closed')
})

test('a URL that is none is the end', async () => {
  const client = connect('no url')
  const closed = once(client, 'close')
  await expect(client.ready).rejects.toMatchObject({ name: 'SyntaxError' })
  expect(await closed).toMatchObject({ error: { name: 'SyntaxError' } })
})

test('an attempt that is refused is made again, so many times', async () => {
  let asked = 0
  const server = createServer((_request, response) => response.writeHead(401).end())
  server.on('upgrade', (_request, socket) => {
    asked++
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const reconnect = { min: 1, max: 1, tries: 2 }
  const client = connect(`ws://127.0.0.1:${port}`, { reconnect, WebSocket: WS })
  await expect(client.ready).rejects.toMatchObject({
    code: 'lost',
    message: 'Unexpected server response: 401',
  })
  expect(asked).toBe(3)
  await new Promise(resolve => server.close(resolve))
})

test('a server that refuses the session with a reason to stay away is not asked again', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ token: 'forged' })
  const closed = once(client, 'close')
  const connection = await peer.connection()
  connection.refuse(await connection.command('connect'), 'token_invalid')
  await expect(client.ready).rejects.toMatchObject({ reason: 'token_invalid', code: 'auth_failed' })
  expect(await closed).toMatchObject({ code: 1000, error: { reason: 'token_invalid' } })
})

test('a listener is taken away by what adding it returned', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const heard: string[] = []
  const undo = client.on('event', ({ id }) => heard.push(id))
  client.on('event', ({ id }) => heard.push(`still ${id}`))
  const connection = await peer.session()
  connection.event({ id: 'one' })
  await once(client, 'event')
  undo()
  undo()
  connection.event({ id: 'two' })
  await once(client, 'event')
  expect(heard).toEqual(['one', 'still one', 'still two'])
})

test('a listener that throws stops neither the others nor the client', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const uncaught = new Promise(resolve => process.once('uncaughtException', resolve))
  client.on('event', () => {
    throw new Error('careless')
  })
  const connection = await peer.session()
  const heard = once(client, 'event')
  connection.event({ id: 'one' })
  expect(await heard).toMatchObject({ id: 'one' })
  expect(await uncaught).toMatchObject({ message: 'careless' })
  expect(client.state).toBe('connected')
})
