/** WS_AUTH: who is admitted, before the 101. */
import { createHmac } from 'node:crypto'
import type { Fd } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import {
  type AdmissionRequest,
  signJwt,
  WS_AUTH,
  WS_HANDSHAKE,
  WS_HANDSHAKE_TIMEOUT,
  WS_PROTOCOL,
  type WsMessage,
} from '../src/index.ts'
import { dialling, Inbox, ISOLATIONS, peer, refusedWith, serving, until, wsKernel } from './support/kernel.ts'
import { RawPeer, request } from './support/raw.ts'

const KEYS = ['one-key', 'another-key']
const SECRET = 'a secret that is as long as RFC 7518 asks for'
const bearing = (value: string) => ({ headers: { Authorization: value } })

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a key admits in Authorization and as a subprotocol; nothing else does', async () => {
    await using kernel = await wsKernel(isolation)
    const inbox = new Inbox<WsMessage>()
    const { url } = await serving(kernel, { message: (_fd, message) => inbox.put(message) }, [
      [WS_AUTH, { keys: KEYS }],
      [WS_PROTOCOL, ['chat']],
    ])
    for (const value of ['Key one-key', 'key another-key', 'Bearer one-key']) {
      await using client = await peer(url, [], bearing(value))
      client.socket.send('x')
      expect((await inbox.next()).auth_valid).toBe(true)
    }
    await using browser = await peer(url, ['chat', 'unisock.auth.one-key'])
    expect(browser.socket.protocol).toBe('chat')
    browser.socket.send('x')
    expect(await inbox.next()).toMatchObject({ auth_valid: true, protocol: 'chat' })

    const { status, headers } = await refusedWith(url)
    expect([status, headers['www-authenticate']]).toEqual([401, 'Key, Bearer'])
    for (const value of ['Key', 'Key ', 'Key one-ke', 'Key one-key2', 'Basic one-key', 'one-key'])
      expect([value, (await refusedWith(url, [], bearing(value))).status]).toEqual([value, 401])
    expect((await refusedWith(url, ['chat', 'unisock.auth.wrong'])).status).toBe(401)
    expect((await refusedWith(url, ['chat', 'unisock.auth.'])).status).toBe(401)
  })

  test('with required false everybody is admitted, and auth_valid tells them apart', async () => {
    await using kernel = await wsKernel(isolation)
    const inbox = new Inbox<WsMessage>()
    const { url } = await serving(kernel, { message: (_fd, message) => inbox.put(message) }, [
      [WS_AUTH, { keys: KEYS, required: false }],
    ])
    for (const [options, valid] of [
      [{}, false],
      [bearing('Key wrong'), false],
      [bearing('Key one-key'), true],
    ] as const) {
      await using client = await peer(url, [], options)
      client.socket.send('x')
      expect((await inbox.next()).auth_valid).toBe(valid)
    }
  })

  test('a valid JSON Web Token admits wherever a key does, and its claims are the identity', async () => {
    await using kernel = await wsKernel(isolation)
    const opened = new Inbox<Fd<any>>()
    const { url } = await serving(kernel, { open: fd => opened.put(fd) }, [
      [WS_AUTH, { jwt: { secret: SECRET, issuer: 'realm' } }],
      [WS_PROTOCOL, ['chat']],
    ])
    const token = signJwt({ sub: 'ann' }, { secret: SECRET, expiresIn: 60, issuer: 'realm' })
    await using _client = await peer(url, [], bearing(`Bearer ${token}`))
    await using _browser = await peer(url, ['chat', `unisock.auth.${token}`])
    for (const fd of [await opened.next(), await opened.next()])
      expect(await kernel.query(fd, WS_HANDSHAKE)).toMatchObject({
        auth: true,
        identity: { sub: 'ann', iss: 'realm' },
      })
  })

  test('the function is asked in the program, and its answer decides', async () => {
    await using kernel = await wsKernel(isolation)
    const asked: AdmissionRequest[] = []
    const errors: Error[] = []
    const handler = async (admission: AdmissionRequest): Promise<unknown> => {
      asked.push(admission)
      if (admission.token === 'throw') throw new Error('the database is gone')
      return admission.token === 'yes' || (admission.token === 'truthy' && 'yes')
    }
    const { url, server } = await serving(kernel, { error: (_fd, error) => void errors.push(error) }, [
      [WS_AUTH, { handler, keys: KEYS }],
    ])
    await using _client = await peer(`${url}play?room=1`, [], {
      headers: { Authorization: 'Bearer yes', Cookie: 'id=7' },
    })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      path: '/play',
      query_params: { room: '1' },
      headers: { cookie: 'id=7', authorization: 'Bearer yes' },
      token: 'yes',
      scheme: 'bearer',
      protocols: [],
      addr: { address: '127.0.0.1', family: 'IPv4' },
    })
    await using _keyed = await peer(url, [], bearing('Key one-key'))
    expect(asked).toHaveLength(1)
    expect((await refusedWith(url, [], bearing('Bearer no'))).status).toBe(401)
    expect((await refusedWith(url, [], bearing('Bearer truthy'))).status).toBe(401)
    expect((await refusedWith(url)).status).toBe(401)
    expect(asked.at(-1)).toMatchObject({ token: undefined, scheme: undefined })
    expect((await refusedWith(url, [], bearing('Bearer throw'))).status).toBe(500)
    await until(() => errors.length > 0)
    expect(errors[0]!.message).toBe('the database is gone')
    expect(kernel.getOption(server, WS_AUTH)).toBe('[redacted]')
  })

  test('the function says who a client is, and the connection tells it', async () => {
    await using kernel = await wsKernel(isolation)
    const opened = new Inbox<Fd<any>>()
    const errors = new Inbox<Error>()
    const identities: Record<string, unknown> = {
      wren: { user: 'wren', roles: ['player'] },
      broken: { user: Symbol('cannot cross') },
      list: ['wren'],
      none: null,
    }
    const { url } = await serving(
      kernel,
      { open: fd => opened.put(fd), error: (_fd, error) => errors.put(error) },
      [[WS_AUTH, { handler: ({ token }: AdmissionRequest) => identities[token!] }]],
    )
    await using _client = await peer(url, [], bearing('Bearer wren'))
    const handshake = await kernel.query(await opened.next(), WS_HANDSHAKE)
    expect(handshake).toMatchObject({ auth: true, identity: identities.wren })
    for (const token of ['list', 'none', 'unknown'])
      expect([token, (await refusedWith(url, [], bearing(`Bearer ${token}`))).status]).toEqual([token, 401])
    expect((await refusedWith(url, [], bearing('Bearer broken'))).status).toBe(500)
    expect(await errors.next()).toMatchObject({ code: 'EBADDATA' })
  })

  test('a client shows its key, and hears of its refusal', async () => {
    await using kernel = await wsKernel(isolation)
    const { url } = await serving(kernel, {}, [[WS_AUTH, { keys: KEYS }]])
    await dialling(kernel, url, {}, [[WS_AUTH, { key: 'one-key' }]])
    await dialling(kernel, url, {}, [[WS_AUTH, { bearer: 'another-key' }]])
    await expect(dialling(kernel, url, {}, [[WS_AUTH, { key: 'wrong' }]])).rejects.toMatchObject({
      code: 'EACCES',
      category: 'authentication',
      message: 'the server answered 401 Unauthorized',
    })
  })
})

test('a function that does not answer in time leaves the client with 503', async () => {
  await using kernel = await wsKernel()
  const release = Promise.withResolvers<boolean>()
  const opened: number[] = []
  const { url } = await serving(kernel, { open: fd => void opened.push(fd) }, [
    [WS_AUTH, { handler: () => release.promise }],
    [WS_HANDSHAKE_TIMEOUT, 1],
  ])
  const { status, headers } = await refusedWith(url, [], bearing('Bearer x'))
  expect([status, headers['retry-after']]).toEqual([503, '1'])
  release.resolve(true)
  await new Promise(resolve => setImmediate(resolve))
  expect(opened).toEqual([])
})

test('a client that leaves while the program is asked is not opened', async () => {
  await using kernel = await wsKernel()
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<boolean>()
  const opened: number[] = []
  const { port } = await serving(kernel, { open: fd => void opened.push(fd) }, [
    [
      WS_AUTH,
      {
        handler: () => {
          asked.resolve()
          return release.promise
        },
      },
    ],
  ])
  const raw = await RawPeer.connect(port)
  raw.send(request())
  await asked.promise
  raw.socket.resetAndDestroy()
  release.resolve(true)
  let seen = ''
  while (!seen.includes('"connections":0')) seen = JSON.stringify(await kernel.inspect())
  expect(kernel.status().filter(({ state }) => state === 'connected')).toEqual([])
})

test('new keys are in force for the handshakes to come', async () => {
  await using kernel = await wsKernel()
  const { url, server } = await serving(kernel, {}, [[WS_AUTH, { keys: ['old'] }]])
  await using before = await peer(url, [], bearing('Key old'))
  await kernel.setOption(server, WS_AUTH, { keys: ['new'] })
  expect((await refusedWith(url, [], bearing('Key old'))).status).toBe(401)
  await using _after = await peer(url, [], bearing('Key new'))
  expect(before.socket.readyState).toBe(before.socket.OPEN)
})

test.each([
  {},
  { required: true },
  { keys: [] },
  { keys: [''] },
  { keys: 'one' },
  { handler: 'name' },
  { key: 'a', bearer: 'b' },
  { key: 'a', keys: ['b'] },
  { key: 'a\nb' },
  { jwt: {} },
])('%j is refused', async value => {
  await using kernel = await wsKernel()
  const { server } = await serving(kernel, {})
  await expect(kernel.setOption(server, WS_AUTH, value as never)).rejects.toMatchObject({ code: 'EINVAL' })
})

test("a client's credentials do not fit a server, nor a server's a client", async () => {
  await using kernel = await wsKernel()
  await expect(serving(kernel, {}, [[WS_AUTH, { key: 'a' }]])).rejects.toMatchObject({ code: 'EINVAL' })
  const { url } = await serving(kernel, {})
  await expect(dialling(kernel, url, {}, [[WS_AUTH, { keys: ['a'] }]])).rejects.toMatchObject({
    code: 'EINVAL',
  })
})

describe('a JSON Web Token', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forged = (header: object, claims: object, secret?: string): string => {
    const input = `${part(header)}.${part(claims)}`
    return `${input}.${secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const claims = { sub: 'ann', iss: 'realm', exp: Math.floor(Date.now() / 1000) + 3600 }
  const HS256 = { alg: 'HS256', typ: 'JWT' }

  test.each([
    ['signed with another secret', `Bearer ${forged(HS256, claims, `${SECRET}!`)}`],
    ['with alg none', `Bearer ${forged({ alg: 'none' }, claims)}`],
    ['without its signature', `Bearer ${forged(HS256, claims)}`],
    ['that has expired', `Bearer ${forged(HS256, { ...claims, exp: 1 }, SECRET)}`],
    ['of another issuer', `Bearer ${forged(HS256, { ...claims, iss: 'town' }, SECRET)}`],
    ['of no issuer', `Bearer ${forged(HS256, { sub: 'ann', exp: claims.exp }, SECRET)}`],
    ['as a password', `Basic ${forged(HS256, claims, SECRET)}`],
  ])('%s is refused', async (_what, authorization) => {
    await using kernel = await wsKernel()
    const { url } = await serving(kernel, {}, [[WS_AUTH, { jwt: { secret: SECRET, issuer: 'realm' } }]])
    expect((await refusedWith(url, [], bearing(authorization))).status).toBe(401)
  })

  test('that is not valid is a matter for the function, if there is one', async () => {
    await using kernel = await wsKernel()
    const asked: (string | undefined)[] = []
    const handler = ({ token }: AdmissionRequest) => {
      asked.push(token)
      return token === 'ours'
    }
    const { url } = await serving(kernel, {}, [[WS_AUTH, { jwt: SECRET, handler }]])
    await using _one = await peer(url, [], bearing(`Bearer ${forged(HS256, claims, SECRET)}`))
    expect(asked).toEqual([])
    await using _two = await peer(url, [], bearing('Bearer ours'))
    expect((await refusedWith(url, [], bearing('Bearer theirs'))).status).toBe(401)
    expect(asked).toEqual(['ours', 'theirs'])
  })

  test('needs a key that is one', async () => {
    await using kernel = await wsKernel()
    await expect(serving(kernel, {}, [[WS_AUTH, { jwt: { publicKey: 'x' } }]])).rejects.toThrow(
      'WS_AUTH (128): jwt: publicKey: not a PEM public key',
    )
  })
})
