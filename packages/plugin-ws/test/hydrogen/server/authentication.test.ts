/** Three layers: what opens a connection, what says who its user is, and what a command has to show. */
import { createHmac } from 'node:crypto'
import { signJwt } from '@unisock/jwt'
import { describe, expect, test } from 'vitest'
import { sign } from '../../../src/hydrogen/auth/signature.ts'
import {
  createHydrogenServer,
  HYDROGEN_KEYS,
  type HydrogenServerOptions,
  WS_AUTH,
} from '../../../src/index.ts'
import { ISOLATIONS, refusedWith, wsKernel } from '../../support/kernel.ts'
import type { HydrogenPeer, Message, PeerOptions } from '../support/peer.ts'
import { type Serving, type ServingOptions, serve } from '../support/server.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const whoami = ({ user, permissions }: Message) => ({ user, permissions })

const server = (options: ServingOptions = {}) => serve({ keys: [], handlers: { print: whoami }, ...options })

/** The status with which a handshake is refused. */
async function refused(
  { url }: Serving,
  authorization?: string,
  protocols = ['hydrogen-protocol'],
): Promise<number> {
  const headers = authorization === undefined ? {} : { Authorization: authorization }
  return (await refusedWith(url, protocols, { headers })).status
}

const NOTHING: PeerOptions = { key: '' }
const bearer = (key: string): PeerOptions => ({ key, scheme: 'Bearer' })

const ask = async (peer: HydrogenPeer, more?: Message): Promise<unknown> =>
  (await peer.command('print', 'start', 1, more)).data

const reasonOf = async (response: Promise<Message>): Promise<string> => (await response).error.reason

const jwt = (claims: Message, expiresIn = 60): string => signJwt(claims, { secret: SECRET, expiresIn })

/** A token that nothing here would make: any header, any claims, any signature. */
function forged(header: object, claims: object, secret: string | null = SECRET): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part(header)}.${part(claims)}`
  const code = secret === null ? '' : createHmac('sha256', secret).update(text).digest('base64url')
  return `${text}.${code}`
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a key opens the connection, and says who its user is; none and a wrong one are refused with 401', async () => {
    await using serving = await server({
      isolation,
      keys: [{ key: 'k3', user: 'printer-3', permissions: ['print:*'] }],
    })
    expect(await refused(serving)).toBe(401)
    expect(await refused(serving, 'Key wrong')).toBe(401)
    const peer = await serving.open({ key: 'k3' })
    expect(await ask(peer)).toEqual({ user: 'printer-3', permissions: ['print:*'] })
    expect(await reasonOf(peer.command('file', 'read'))).toBe('forbidden')
  })

  test('the program’s function says whose a token is', async () => {
    const seen: unknown[] = []
    await using serving = await server({
      isolation,
      verify: {
        handler: ({ token, scheme }) => {
          seen.push([token, scheme])
          return token === 'good' ? { user: 'eve', permissions: ['print:start'] } : undefined
        },
      },
    })
    expect(await refused(serving, 'Bearer bad')).toBe(401)
    const peer = await serving.open(bearer('good'))
    expect(await ask(peer)).toEqual({ user: 'eve', permissions: ['print:start'] })
    expect(seen).toEqual([
      ['bad', 'bearer'],
      ['good', 'bearer'],
    ])
  })

  test('without a key, or anything else to show, it does not listen, and says why', async () => {
    await using kernel = await wsKernel(isolation)
    await expect(createHydrogenServer(kernel, { at: 0 })).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringMatching(/nothing to show: set HYDROGEN_KEYS \(441\), HYDROGEN_VERIFY \(442\)/),
    })
  })
})

test('a key in the subprotocol list does as well, for browsers', async () => {
  await using serving = await server({ keys: ['k3'] })
  expect(await refused(serving, undefined, ['hydrogen-protocol', 'unisock.auth.wrong'])).toBe(401)
  const peer = await serving.open({ key: '', protocols: ['hydrogen-protocol', 'unisock.auth.k3'] })
  expect(peer.socket.protocol).toBe('hydrogen-protocol')
  expect(await ask(peer)).toEqual({ user: 'client', permissions: ['*'] })
})

test('who need not show anything is anonymous', async () => {
  await using serving = await server({ verify: { required: false } })
  const peer = await serving.open(NOTHING)
  expect(await ask(peer)).toEqual({ user: 'anonymous', permissions: ['*'] })
})

test('a client of another subprotocol, or of none, is refused with 400', async () => {
  await using serving = await server({ keys: ['k'] })
  expect(await refused(serving, 'Key k', ['other'])).toBe(400)
  expect(await refused(serving, 'Key k', [])).toBe(400)
})

describe('JSON Web Tokens', () => {
  const open = () => server({ verify: { jwt: SECRET } })

  test('say who the user is and what is permitted, wherever they are shown', async () => {
    await using serving = await open()
    const token = jwt({ sub: 'ann', permissions: ['print:*', 'no pattern', 7] })
    for (const how of [
      bearer(token),
      { key: token },
      { key: '', protocols: ['hydrogen-protocol', `unisock.auth.${token}`] },
    ])
      expect(await ask(await serving.open(how))).toEqual({ user: 'ann', permissions: ['print:*'] })
    const scoped = await serving.open(bearer(jwt({ sub: 'bob', scope: 'openid print:start' })))
    expect(await ask(scoped)).toEqual({ user: 'bob', permissions: ['print:start'] })
  })

  const now = Math.floor(Date.now() / 1000)
  test.each([
    ['has expired', forged({ alg: 'HS256' }, { sub: 'ann', exp: now - 60 })],
    ['is signed by another', forged({ alg: 'HS256' }, { sub: 'ann', exp: now + 60 }, 'another secret')],
    ['has alg none', forged({ alg: 'none' }, { sub: 'ann', exp: now + 60 }, null)],
    ['has alg none and a signature', forged({ alg: 'none' }, { sub: 'ann', exp: now + 60 })],
    ['has an algorithm that is not wanted', forged({ alg: 'HS512' }, { sub: 'ann', exp: now + 60 })],
    [
      'has claims that were changed',
      `${forged({ alg: 'HS256' }, { sub: 'ann' }).replace(/\.[^.]+\./, '.e30.')}`,
    ],
    ['names nobody', forged({ alg: 'HS256' }, { exp: now + 60 })],
    ['is none', 'token'],
  ])('one that %s opens nothing', async (_what, token) => {
    await using serving = await open()
    expect(await refused(serving, `Bearer ${token}`)).toBe(401)
    expect(await refused(serving, `Key ${token}`)).toBe(401)
  })
})

describe('a key that many share, where tokens are verified', () => {
  const open = () => server({ keys: ['shared'], verify: { jwt: SECRET } })

  test('opens the connection; connect says who it is', async () => {
    await using serving = await open()
    const peer = await serving.open({ key: 'shared' })
    expect(await reasonOf(peer.command('print', 'start'))).toBe('token_missing')
    expect(await reasonOf(peer.command('system', 'connect'))).toBe('token_missing')
    const stale = forged({ alg: 'HS256' }, { sub: 'ann', exp: 1 })
    expect(await reasonOf(peer.command('system', 'connect', undefined, { auth: { token: stale } }))).toBe(
      'token_expired',
    )
    expect(await reasonOf(peer.command('system', 'connect', undefined, { auth: { token: 'shared' } }))).toBe(
      'token_invalid',
    )
    const session = await peer.connect({ token: jwt({ sub: 'ann', permissions: ['print:*'] }) })
    expect(session).toMatchObject({
      user: 'ann',
      permissions: ['print:*'],
      expires: expect.any(Number),
      generation: 1,
      ttl: 120_000,
      limits: { maxBytes: 65_536, subscriptions: 1000, window: 256 },
      server: { name: 'unisock' },
    })
    expect(await ask(peer)).toEqual({ user: 'ann', permissions: ['print:*'] })
  })

  test('a connection stays its user’s', async () => {
    await using serving = await open()
    const peer = await serving.open({ key: 'shared' })
    await peer.connect({ token: jwt({ sub: 'ann' }) })
    await expect(peer.connect({ token: jwt({ sub: 'bob' }) })).rejects.toMatchObject({ code: 'session_user' })
  })

  test('a second connect with another token of the user has its permissions', async () => {
    await using serving = await open()
    const peer = await serving.open({ key: 'shared' })
    await peer.connect({ token: jwt({ sub: 'ann', permissions: ['print:*'] }) })
    const again = await peer.connect({ token: jwt({ sub: 'ann', permissions: ['print:start'] }) })
    expect(again.permissions).toEqual(['print:start'])
    expect(await ask(peer)).toEqual({ user: 'ann', permissions: ['print:start'] })
  })
})

describe('a first message that shows a token', () => {
  const open = () => server({ verify: { jwt: SECRET, firstMessage: true }, limits: { authTimeout: 60 } })

  test('opens what the handshake did not', async () => {
    await using serving = await open()
    const peer = await serving.open(NOTHING)
    expect(await reasonOf(peer.command('system', 'subscribe', { topic: 'a' }))).toBe('token_missing')
    const auth = { token: jwt({ sub: 'ann', permissions: ['print:*'] }) }
    expect(await ask(peer, { auth })).toEqual({ user: 'ann', permissions: ['print:*'] })
    await peer.subscribe('a')
  })

  test('is waited for by what was sent behind it', async () => {
    await using serving = await open()
    const peer = await serving.open(NOTHING)
    const auth = { token: jwt({ sub: 'ann', permissions: ['print:*'] }) }
    const answers = [ask(peer, { auth }), ask(peer), ask(peer)]
    expect(await Promise.all(answers)).toEqual(Array(3).fill({ user: 'ann', permissions: ['print:*'] }))
  })

  test('until then, no broadcast reaches the client', async () => {
    await using serving = await open()
    const peer = await serving.open(NOTHING)
    const event = { channel: 'system', action: 'told' }
    expect(await serving.server.broadcast(event)).toMatchObject({ matched: 0 })
    await peer.connect({ token: jwt({ sub: 'ann' }) })
    expect(await serving.server.broadcast(event)).toMatchObject({ matched: 1 })
    expect(await peer.event()).toMatchObject(event)
  })

  test('a wrong token in the handshake is refused nevertheless', async () => {
    await using serving = await open()
    expect(await refused(serving, 'Bearer wrong')).toBe(401)
  })
})

describe.concurrent('an identity that expires', () => {
  test('is told of that, and closed with 4003 when it has', async () => {
    await using serving = await server({ verify: { jwt: SECRET } })
    const peer = await serving.open(bearer(jwt({ sub: 'ann' }, 3)))
    const { expires } = await peer.connect()
    expect(await peer.event()).toMatchObject({
      channel: 'system',
      action: 'token_expiring',
      data: { expires },
    })
    expect(await peer.closed).toEqual({ code: 4003, reason: 'token expired' })
    expect(peer.inbox.size).toBe(0)
  })

  test('is refreshed in time, and goes on', async () => {
    await using serving = await server({ verify: { jwt: SECRET } })
    const peer = await serving.open(bearer(jwt({ sub: 'ann', permissions: ['*'] }, 20)))
    const { expires } = await peer.connect()
    await peer.event()
    const token = jwt({ sub: 'ann', permissions: ['print:start'] })
    const answer = await peer.verb('refresh', undefined, { auth: { token } })
    expect(answer).toEqual({
      user: 'ann',
      permissions: ['print:start'],
      expires: expect.any(Number),
      revoked: [],
    })
    expect(answer.expires).toBeGreaterThan(expires)
    expect(await ask(peer)).toEqual({ user: 'ann', permissions: ['print:start'] })
    expect(await reasonOf(peer.command('print', 'stop'))).toBe('forbidden')
  })

  test('runs no command any more, before it is closed', async () => {
    await using serving = await server({ keys: ['k'], status: { interval: 1 } })
    const peer = await serving.open({ key: 'k' })
    await peer.subscribe('system')
    await peer.event()
    await serving.server.refresh({ user: 'client' }, { expires: Date.now() - 1000 })
    expect(await reasonOf(peer.command('print', 'start'))).toBe('token_expired')
    expect(await peer.closed).toMatchObject({ code: 4003 })
  })
})

test('refresh needs a token, of the same user', async () => {
  await using serving = await server({ verify: { jwt: SECRET } })
  const peer = await serving.open(bearer(jwt({ sub: 'ann' })))
  const refresh = (token?: string) =>
    reasonOf(peer.command('system', 'refresh', undefined, token === undefined ? {} : { auth: { token } }))
  expect(await refresh(jwt({ sub: 'ann' }))).toBe('session_unknown')
  await peer.connect()
  expect(await refresh()).toBe('token_missing')
  expect(await refresh(jwt({ sub: 'bob' }))).toBe('session_user')
  expect(await refresh(forged({ alg: 'none' }, { sub: 'ann' }, null))).toBe('token_invalid')
})

test('a refresh that takes a permission away ends what it permitted', async () => {
  await using serving = await server({
    verify: { jwt: SECRET },
    topics: { 'news.>': { permission: 'news:read' } },
  })
  const peer = await serving.open(bearer(jwt({ sub: 'ann', permissions: ['news:*'] })))
  await peer.connect()
  await peer.subscribe('news.a')
  await peer.subscribe('news.*')
  await peer.subscribe('free')
  const { revoked } = await peer.verb('refresh', undefined, { auth: { token: jwt({ sub: 'ann' }) } })
  expect(revoked).toEqual(['news.a'])
  expect(await serving.server.publish('news.a', 1)).toMatchObject({ matched: 0 })
  expect(await serving.server.publish('news.b', 1)).toMatchObject({ matched: 0 })
  expect(await serving.server.publish('free', 1)).toMatchObject({ matched: 1 })
  expect(await peer.event()).toMatchObject({ topic: 'free' })
})

describe('a command', () => {
  const KEYS = [
    { key: 'ann', user: 'ann', permissions: ['print:*', '*:list', 'admin:stop'], signingSecret: 'of ann' },
    { key: 'bob', user: 'bob', permissions: ['*'] },
  ]
  const open = (actions: HydrogenServerOptions['actions'] = {}) =>
    serve({ keys: KEYS, actions, handlers: { '*': whoami }, signing: { secret: 'of all' } })

  test.each([
    ['print', 'start', true],
    ['print', 'list', true],
    ['file', 'list', true],
    ['file', 'read', false],
    ['admin', 'stop', true],
    ['admin', 'stopper', false],
    ['prints', 'start', false],
    ['system', 'status', false],
  ])('%s:%s is permitted by the patterns of its user, or not', async (channel, action, permitted) => {
    await using serving = await open()
    const peer = await serving.client()
    expect((await peer.command(channel, action)).error?.reason).toBe(permitted ? undefined : 'forbidden')
  })

  test('asks for the permission of its action, or for none', async () => {
    await using serving = await open({
      'file:read': { permission: 'admin:stop' },
      'print:*': { permission: 'file:write' },
      '*:open': { permission: null },
    })
    const peer = await serving.client()
    expect(await peer.command('file', 'read')).toMatchObject({ ok: true })
    expect(await reasonOf(peer.command('print', 'start'))).toBe('forbidden')
    expect(await peer.command('anything', 'open')).toMatchObject({ ok: true })
  })

  test('with a token of another user, or of none, is refused', async () => {
    await using serving = await open()
    const peer = await serving.client()
    const said = (token: string) => peer.command('print', 'start', 1, { auth: { token } })
    expect(await said('ann')).toMatchObject({ ok: true, data: { user: 'ann' } })
    expect(await reasonOf(said('bob'))).toBe('token_invalid')
    expect(await reasonOf(said('nobody'))).toBe('token_invalid')
  })

  test('needs a token of its own where the action says so', async () => {
    await using serving = await open({ 'print:start': { token: true } })
    const peer = await serving.client()
    expect(await reasonOf(peer.command('print', 'start'))).toBe('token_missing')
    expect(await peer.command('print', 'start', 1, { auth: { token: 'ann' } })).toMatchObject({ ok: true })
    expect(await peer.command('print', 'stop')).toMatchObject({ ok: true })
  })

  /** A command as it is written, signed. */
  function signed(
    secret: string,
    data: string,
    { id = 'm1', timestamp = new Date().toISOString(), signedData = data } = {},
  ): string {
    const signature = sign(secret, {
      id,
      timestamp,
      channel: 'print',
      action: 'start',
      data: signedData,
    })
    return `{"type":"command","id":"${id}","timestamp":"${timestamp}","channel":"print","action":"start","data": ${data},"auth":{"signature":"${signature}"}}`
  }

  async function answer(peer: HydrogenPeer, text: string): Promise<string> {
    peer.socket.send(text)
    const { ok, error } = await peer.responses.next()
    return ok ? 'ok' : error.reason
  }

  test('needs a good signature where the action says so', async () => {
    await using serving = await open({ 'print:start': { signed: true } })
    const peer = await serving.client()
    expect(await reasonOf(peer.command('print', 'start'))).toBe('signature_missing')
    expect(await answer(peer, signed('wrong', '{"a": 1}'))).toBe('signature_invalid')
    expect(await answer(peer, signed('of all', '1'))).toBe('signature_invalid')
    expect(await answer(peer, signed('of ann', '{"a":2}', { signedData: '{"a":1}' }))).toBe(
      'signature_invalid',
    )
    const short = signed('of ann', '1').replace(/"signature":"../, '"signature":"')
    expect(await answer(peer, short)).toBe('signature_invalid')
    const good = signed('of ann', '{"a": 1, "b": "\\u20ac"}')
    expect(await answer(peer, good)).toBe('ok')
    expect(await answer(peer, good)).toBe('signature_replayed')
    expect(await answer(peer, signed('of ann', '1', { id: 'm2' }))).toBe('ok')
  })

  test('with a signature of another time is refused', async () => {
    await using serving = await open({ '*:*': { signed: true } })
    const peer = await serving.client()
    for (const off of [-61_000, 120_000]) {
      const timestamp = new Date(Date.now() + off).toISOString()
      expect(await answer(peer, signed('of ann', '1', { timestamp }))).toBe('signature_stale')
    }
  })

  test('of a user without a secret is signed with that of all', async () => {
    await using serving = await open({ 'print:start': { signed: true } })
    const peer = await serving.client({ key: 'bob' })
    expect(await answer(peer, signed('of all', '1'))).toBe('ok')
  })

  test('where nobody has a secret, no signature is good', async () => {
    await using serving = await serve({ actions: { '*:*': { signed: true } }, handlers: { '*': whoami } })
    const peer = await serving.client()
    expect(await reasonOf(peer.command('print', 'start'))).toBe('signature_missing')
    expect(await answer(peer, signed('', '1'))).toBe('signature_invalid')
  })
})

describe('WS_AUTH', () => {
  const open = (auth: object) => server({ options: [[WS_AUTH, auth]] })

  test('counts as well: its function may say who the user is', async () => {
    await using serving = await open({
      handler: ({ token }: { token?: string }) =>
        token === 'good' ? { user: 'ann', permissions: ['print:start'] } : undefined,
    })
    expect(await refused(serving, 'Bearer bad')).toBe(401)
    expect(await refused(serving)).toBe(401)
    expect(await ask(await serving.open(bearer('good')))).toEqual({
      user: 'ann',
      permissions: ['print:start'],
    })
  })

  test('with keys, or a function that only says yes, its clients are the client that may do everything', async () => {
    await using keyed = await open({ keys: ['k'] })
    expect(await ask(await keyed.open({ key: 'k' }))).toEqual({ user: 'client', permissions: ['*'] })
    await using answered = await open({ handler: () => true })
    expect(await ask(await answered.open({ key: 'k' }))).toEqual({ user: 'client', permissions: ['*'] })
  })

  test('its tokens’ claims are the identity', async () => {
    await using serving = await open({ jwt: SECRET })
    expect(await ask(await serving.open(bearer(jwt({ sub: 'ann', scope: 'print:start' }))))).toEqual({
      user: 'ann',
      permissions: ['print:start'],
    })
  })
})

test('a function that throws admits nobody, and its error is told', async () => {
  const errors: Error[] = []
  await using serving = await server({
    verify: {
      handler: () => {
        throw new Error('the database is away')
      },
    },
    on: { error: (_fd, error) => void errors.push(error) },
  })
  expect(await refused(serving, 'Bearer t')).toBe(500)
  expect(errors).toMatchObject([{ message: 'the database is away' }])
})

test('keys that are set while it listens hold for who comes next', async () => {
  await using serving = await server({ keys: ['old'] })
  const before = await serving.open({ key: 'old' })
  await serving.kernel.setOption(serving.server.fd as never, HYDROGEN_KEYS, ['new'])
  expect(await refused(serving, 'Key old')).toBe(401)
  expect(await ask(await serving.open({ key: 'new' }))).toMatchObject({ user: 'client' })
  expect(await ask(before)).toMatchObject({ user: 'client' })
})
