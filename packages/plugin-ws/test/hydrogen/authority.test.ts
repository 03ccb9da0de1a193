/** The three layers: what opens a connection, whose a token is, what a command has to show. */
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { signJwt } from '@unisock/jwt'
import { describe, expect, test } from 'vitest'
import { type AdmittedIdentity, Authority, sign } from '../../src/hydrogen/auth/index.ts'
import type { CommandEnvelope } from '../../src/hydrogen/envelope/types.ts'
import {
  HYDROGEN_ACTIONS,
  HYDROGEN_CONFIG,
  HYDROGEN_KEYS,
  HYDROGEN_SIGNING,
  HYDROGEN_VERIFY,
} from '../../src/hydrogen/options/index.ts'
import { WS_AUTH, WS_HANDSHAKE_TIMEOUT } from '../../src/options/index.ts'
import { Verdicts } from '../../src/server/verdicts.ts'
import { listenerOf, type Rows } from './support/options.ts'

const SECRET = 'a secret that is as long as RFC 7518 asks for'
const NOW = Date.now()
const seconds = Math.floor(NOW / 1000)

/** @param answers What the program's function says of a token, `null` when it throws, undefined when it never does. */
function authorityOf(rows: Rows, answers: (token: string) => unknown = () => false) {
  let verdicts: Verdicts
  const listener = listenerOf(rows, ([id, token]) => {
    const said = answers(token)
    if (said === undefined) return
    const identity = typeof said === 'object' && said !== null ? { ...said } : null
    const admitted = said === null ? null : identity !== null || said === true
    queueMicrotask(() => verdicts.answer([id, admitted, identity]))
  })
  verdicts = new Verdicts(listener.socket)
  const authority = new Authority(listener.socket, verdicts, { wallClock: () => NOW })
  return { ...listener, authority, verdicts }
}

const handler = { $function: 7 }
const key = (token: string) => ({ token, scheme: 'key' })
const bearer = (token: string) => ({ token, scheme: 'bearer' })
const jwt = (claims: object, secret = SECRET) => signJwt({ ...claims }, { secret, expiresIn: 3600 })

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
function forged(header: object, claims: object, secret?: string): string {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url')}`
}

const CLIENT = { user: 'client', permissions: ['*'] }
const ANONYMOUS = { user: 'anonymous', permissions: ['*'] }
const KEYS = ['shared', { key: "ann's", user: 'ann', permissions: ['print:*'], signingSecret: 's' }]
const ANN = { user: 'ann', permissions: ['print:*'], signingSecret: 's' }

describe('the handshake', () => {
  test.each<[string, Rows, Parameters<Authority['handshake']>, unknown]>([
    ['a shared key is a client', [[HYDROGEN_KEYS, KEYS]], [key('shared')], { identity: CLIENT }],
    ['a key of a user', [[HYDROGEN_KEYS, KEYS]], [key("ann's")], { identity: ANN }],
    ['a key as a bearer token', [[HYDROGEN_KEYS, KEYS]], [bearer('shared')], { identity: CLIENT }],
    ['a key as a password', [[HYDROGEN_KEYS, KEYS]], [{ token: 'shared', scheme: 'basic' }], 'key_invalid'],
    ['a wrong key', [[HYDROGEN_KEYS, KEYS]], [key('share')], 'key_invalid'],
    ['nothing', [[HYDROGEN_KEYS, KEYS]], [undefined], 'key_missing'],
    ['no key is configured', [], [key('abc')], 'key_invalid'],
    [
      'a shared key where tokens are verified',
      [
        [HYDROGEN_KEYS, KEYS],
        [HYDROGEN_VERIFY, { jwt: SECRET }],
      ],
      [key('shared')],
      {},
    ],
    [
      "a user's key where tokens are verified",
      [
        [HYDROGEN_KEYS, KEYS],
        [HYDROGEN_VERIFY, { jwt: SECRET }],
      ],
      [key("ann's")],
      { identity: ANN },
    ],
    ['a wrong token', [[HYDROGEN_VERIFY, { jwt: SECRET }]], [bearer('x')], 'token_invalid'],
    ['nothing, with firstMessage', [[HYDROGEN_VERIFY, { jwt: SECRET, firstMessage: true }]], [undefined], {}],
    [
      'a wrong token, with firstMessage',
      [[HYDROGEN_VERIFY, { jwt: SECRET, firstMessage: true }]],
      [bearer('x')],
      'token_invalid',
    ],
    [
      'nothing, where nothing is required',
      [[HYDROGEN_VERIFY, { required: false }]],
      [undefined],
      { identity: ANONYMOUS },
    ],
    [
      'anything, where nothing is known',
      [[HYDROGEN_VERIFY, { required: false }]],
      [key('x')],
      { identity: ANONYMOUS },
    ],
    [
      'a wrong token, where nothing is required',
      [[HYDROGEN_VERIFY, { jwt: SECRET, required: false }]],
      [bearer('x')],
      'token_invalid',
    ],
    [
      'AuthRequired false',
      [[HYDROGEN_CONFIG, { WebSocketServer: { AuthRequired: false } }]],
      [undefined],
      { identity: ANONYMOUS },
    ],
    ['WS_AUTH has found a key', [], [key('x'), { authValid: true }], { identity: CLIENT }],
    [
      'WS_AUTH has found a key, and tokens are verified',
      [[HYDROGEN_VERIFY, { jwt: SECRET }]],
      [key('x'), { authValid: true }],
      {},
    ],
    [
      'WS_AUTH says who it is',
      [],
      [key('x'), { authValid: true, identity: { user: 'bo', permissions: ['a:b'] } }],
      { identity: { user: 'bo', permissions: ['a:b'] } },
    ],
    [
      'WS_AUTH has read claims',
      [],
      [bearer('x'), { authValid: true, identity: { sub: 'bo', scope: 'a:b' } }],
      { identity: { user: 'bo', permissions: ['a:b'] } },
    ],
    ['WS_AUTH names nobody', [], [key('x'), { authValid: true, identity: { name: 'bo' } }], 'server_error'],
    ['WS_AUTH has found nothing', [[HYDROGEN_KEYS, KEYS]], [undefined, { authValid: false }], 'key_missing'],
  ])('%s', async (_what, rows, shown, expected) => {
    const { authority } = authorityOf(rows)
    expect(await authority.handshake(...shown)).toEqual(expected)
  })
})

describe('tokens', () => {
  test('claims say who it is, what is permitted and until when', async () => {
    const { authority } = authorityOf([[HYDROGEN_VERIFY, { jwt: SECRET }]])
    expect(await authority.verify(jwt({ sub: 'ann', permissions: ['print:*', 'nonsense', 5] }))).toEqual({
      user: 'ann',
      permissions: ['print:*'],
      expires: expect.toSatisfy(time => Math.abs(time - (NOW + 3_600_000)) < 60_000),
    })
    expect(await authority.verify(jwt({ sub: 'ann', scope: 'openid print:start' }))).toMatchObject({
      permissions: ['print:start'],
    })
    expect(await authority.verify(jwt({ sub: 'ann' }))).toMatchObject({ permissions: [] })
  })

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
  const claims = { sub: 'ann', permissions: ['*'], exp: seconds + 3600 }
  test.each<[string, unknown, string, string]>([
    ['signed with another secret', SECRET, jwt(claims, `${SECRET}!`), 'token_invalid'],
    ['with alg none', SECRET, forged({ alg: 'none', typ: 'JWT' }, claims), 'token_invalid'],
    [
      'with alg nOnE and a signature',
      SECRET,
      forged({ alg: 'nOnE', typ: 'JWT' }, claims, SECRET),
      'token_invalid',
    ],
    ['with no signature', SECRET, forged({ alg: 'HS256', typ: 'JWT' }, claims), 'token_invalid'],
    [
      'with a public key taken for a secret',
      { publicKey: pem },
      forged({ alg: 'HS256', typ: 'JWT' }, claims, pem),
      'token_invalid',
    ],
    [
      'that has expired',
      SECRET,
      forged({ alg: 'HS256', typ: 'JWT' }, { ...claims, exp: seconds - 10 }, SECRET),
      'token_expired',
    ],
    ['of somebody else', { secret: SECRET, issuer: 'me' }, jwt({ sub: 'ann', iss: 'you' }), 'token_invalid'],
    ['that names nobody', SECRET, jwt({ permissions: ['*'] }), 'token_invalid'],
    [
      'whose name is a number',
      SECRET,
      forged({ alg: 'HS256', typ: 'JWT' }, { ...claims, sub: 5 }, SECRET),
      'token_invalid',
    ],
    ['that is text', SECRET, 'text', 'token_invalid'],
    ['that is empty', SECRET, '', 'token_invalid'],
  ])('a token %s is refused', async (_what, config, token, code) => {
    const { authority } = authorityOf([[HYDROGEN_VERIFY, { jwt: config }]])
    expect(await authority.verify(token)).toBe(code)
    expect(await authority.handshake(bearer(token))).toBe(code)
  })

  test('what clocks may differ by prolongs the identity too', async () => {
    const { authority } = authorityOf([[HYDROGEN_VERIFY, { jwt: { secret: SECRET, clockTolerance: 60 } }]])
    const token = forged({ alg: 'HS256', typ: 'JWT' }, { sub: 'ann', exp: seconds - 10 }, SECRET)
    expect(await authority.verify(token)).toMatchObject({ user: 'ann', expires: (seconds + 50) * 1000 })
  })

  test('a key that names its user is a token; a shared one is where nothing else is', async () => {
    const both = authorityOf([
      [HYDROGEN_KEYS, KEYS],
      [HYDROGEN_VERIFY, { jwt: SECRET }],
    ])
    expect(await both.authority.verify("ann's")).toEqual(ANN)
    expect(await both.authority.verify('shared')).toBe('token_invalid')
    expect(await authorityOf([[HYDROGEN_KEYS, KEYS]]).authority.verify('shared')).toEqual(CLIENT)
  })

  test.each<[string, unknown, unknown]>([
    [
      'an identity',
      { user: 'bo', permissions: ['a:*'], expires: NOW + 1, signingSecret: 'x' },
      { user: 'bo', permissions: ['a:*'], expires: NOW + 1, signingSecret: 'x' },
    ],
    ['no permissions', { user: 'bo' }, { user: 'bo', permissions: [] }],
    ['one that is over', { user: 'bo', expires: NOW }, 'token_expired'],
    ['no', false, 'token_invalid'],
    ['true, which names nobody', true, 'server_error'],
    ['no user', { user: '' }, 'server_error'],
    ['permissions that are none', { user: 'bo', permissions: ['all'] }, 'server_error'],
    ['an expiry that is none', { user: 'bo', expires: '5' }, 'server_error'],
    ['an empty secret', { user: 'bo', signingSecret: '' }, 'server_error'],
    ['an exception', null, 'server_error'],
  ])('the function says %s', async (_what, said, expected) => {
    const { authority, asked, logged } = authorityOf([[HYDROGEN_VERIFY, { handler }]], () => said)
    expect(await authority.verify('token')).toEqual(expected)
    expect(asked).toEqual([{ handler: 7, wire: [expect.any(Number), 'token', 'message'] }])
    expect(await authority.handshake(bearer('token'))).toEqual(
      typeof expected === 'string' ? expected : { identity: expected },
    )
    expect(asked[1]!.wire.slice(1)).toEqual(['token', 'bearer'])
    const malformed = expected === 'server_error' && said !== null
    expect(logged).toHaveLength(malformed ? 2 : 0)
  })

  test('a function that does not answer is late, and one with too many questions is busy', async () => {
    const { authority, verdicts, asked } = authorityOf(
      [
        [HYDROGEN_VERIFY, { handler }],
        [WS_HANDSHAKE_TIMEOUT, 0.01],
      ],
      () => undefined,
    )
    expect(await authority.verify('token')).toBe('timed_out')
    const open = Array.from({ length: 1024 }, () => authority.verify('token'))
    expect(await authority.verify('token')).toBe('busy')
    expect(asked).toHaveLength(1025)
    verdicts.close()
    expect(new Set(await Promise.all(open))).toEqual(new Set(['timed_out']))
  })

  test('the function is asked about what is no key and no valid token, and not about an expired one', async () => {
    const { authority, asked } = authorityOf(
      [
        [HYDROGEN_KEYS, KEYS],
        [HYDROGEN_VERIFY, { jwt: SECRET, handler }],
      ],
      token => ({ user: token }),
    )
    await authority.verify("ann's")
    await authority.verify(jwt({ sub: 'ann' }))
    await authority.verify(forged({ alg: 'HS256', typ: 'JWT' }, { sub: 'a', exp: 1 }, SECRET))
    expect(asked).toEqual([])
    expect(await authority.verify('other')).toEqual({ user: 'other', permissions: [] })
    expect(asked).toHaveLength(1)
  })
})

describe('a command', () => {
  const ROWS: Rows = [
    [HYDROGEN_KEYS, KEYS],
    [HYDROGEN_VERIFY, { jwt: SECRET }],
    [HYDROGEN_SIGNING, { secret: 'everybody' }],
    [
      HYDROGEN_ACTIONS,
      {
        'file:delete': { signed: true },
        'file:list': { permission: null },
        'file:wipe': { token: true, signed: true },
        'print:stop': { permission: 'printer:control' },
      },
    ],
  ]
  const make = (channel: string, action: string, rest: Partial<CommandEnvelope> = {}): CommandEnvelope => ({
    type: 'command',
    id: 'c1',
    channel,
    action,
    timestamp: new Date(NOW).toISOString(),
    ...rest,
  })
  const may = (...permissions: string[]): AdmittedIdentity => ({ user: 'ann', permissions })
  const { authority } = authorityOf(ROWS)
  const run = (command: CommandEnvelope, identity = may('*'), data = '{}', by = authority) =>
    by.command(command, data, identity, NOW)

  test.each<[string, string, AdmittedIdentity, string | undefined]>([
    ['print', 'start', may('print:start'), undefined],
    ['print', 'start', may('print:*'), undefined],
    ['print', 'start', may('*:start'), undefined],
    ['print', 'start', may('print:pause', 'file:*'), 'forbidden'],
    ['print', 'start', may(), 'forbidden'],
    ['print', 'stop', may('print:*'), 'forbidden'],
    ['print', 'stop', may('printer:control'), undefined],
    ['file', 'list', may(), undefined],
    ['system', 'subscribe', may(), undefined],
    ['system', 'status', may(), 'forbidden'],
    ['file', 'list', { ...may('*'), expires: NOW }, 'token_expired'],
    ['file', 'list', { ...may('*'), expires: NOW + 1 }, undefined],
  ])('%s:%s for %o: %s', (channel, action, identity, code) => {
    expect(run(make(channel, action), identity)).toBe(code)
  })

  test('a permission by itself is held or not', () => {
    expect(authority.holds(may('print:*'), 'print:watch')).toBe(true)
    expect(authority.holds(may('print:start'), 'print:watch')).toBe(false)
  })

  test('a token in it is its own user, and is asked for where the action says so', () => {
    const token = (claims: object) => ({ auth: { token: jwt(claims) } })
    expect(run(make('print', 'start', token({ sub: 'ann' })))).toBe(undefined)
    expect(run(make('print', 'start', token({ sub: 'bob' })))).toBe('token_invalid')
    expect(run(make('print', 'start', { auth: { token: "ann's" } }))).toBe(undefined)
    expect(run(make('print', 'start', { auth: { token: 'x' } }))).toBe('token_invalid')
    expect(run(make('file', 'wipe'))).toBe('token_missing')
    expect(run(make('file', 'wipe', token({ sub: 'ann' })))).toBe('signature_missing')
  })

  test('a token that the program is asked about makes it a promise, and nothing else does', async () => {
    const asking = authorityOf(
      [
        [HYDROGEN_VERIFY, { handler }],
        [HYDROGEN_ACTIONS, { 'file:delete': { signed: true } }],
      ],
      token => (token === 'no' ? false : { user: token }),
    ).authority
    const auth = (token: string) => ({ auth: { token } })
    expect(run(make('a', 'b'), may('*'), '', asking)).toBe(undefined)
    const promise = run(make('a', 'b', auth('ann')), may('*'), '', asking)
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toBe(undefined)
    expect(await run(make('a', 'b', auth('bob')), may('*'), '', asking)).toBe('token_invalid')
    expect(await run(make('a', 'b', auth('no')), may('*'), '', asking)).toBe('token_invalid')
    expect(await run(make('file', 'delete', auth('ann')), may('*'), '', asking)).toBe('signature_missing')
  })

  test('a signature is right, fresh and used once, where the action asks for one', () => {
    const signed = (secret: string, command: CommandEnvelope, data = '{}'): CommandEnvelope => {
      const { id, timestamp = '', channel, action } = command
      return { ...command, auth: { signature: sign(secret, { id, timestamp, channel, action, data }) } }
    }
    const command = make('file', 'delete')
    expect(run(command)).toBe('signature_missing')
    expect(run(signed('nobody', command))).toBe('signature_invalid')
    expect(run(signed('everybody', command, '{ }'))).toBe('signature_invalid')
    expect(run(signed('everybody', command))).toBe(undefined)
    expect(run(signed('everybody', command))).toBe('signature_replayed')
    const old = make('file', 'delete', { timestamp: new Date(NOW - 61_000).toISOString() })
    expect(run(signed('everybody', old))).toBe('signature_stale')
    expect(run(signed('everybody', command), ANN)).toBe('forbidden')
    const hers = { ...ANN, permissions: ['*'] }
    expect(run(signed('everybody', make('file', 'delete', { id: 'c2' })), hers)).toBe('signature_invalid')
    expect(run(signed('s', make('file', 'delete', { id: 'c2' })), hers)).toBe(undefined)
  })

  test('without any secret no signature is right', () => {
    const bare = authorityOf([[HYDROGEN_ACTIONS, { '*': { signed: true } }]]).authority
    expect(run(make('a', 'b'), may('*'), '', bare)).toBe('signature_missing')
    expect(run(make('a', 'b', { auth: { signature: '0'.repeat(64) } }), may('*'), '', bare)).toBe(
      'signature_invalid',
    )
  })

  test('a signature that was used stays used when options change', () => {
    const { authority, set } = authorityOf(ROWS)
    const command = make('file', 'delete')
    const { id, timestamp = '', channel, action } = command
    const signature = sign('everybody', { id, timestamp, channel, action, data: '{}' })
    const sent = { ...command, auth: { signature } }
    expect(run(sent, may('*'), '{}', authority)).toBe(undefined)
    set([...ROWS, [HYDROGEN_SIGNING, { secret: 'everybody', window: 600 }]])
    authority.refresh()
    expect(run(sent, may('*'), '{}', authority)).toBe('signature_replayed')
  })
})

describe('options', () => {
  test('a change holds from the next reading on', async () => {
    const { authority, set } = authorityOf([[HYDROGEN_KEYS, ['one']]])
    set([[HYDROGEN_KEYS, ['two']]])
    expect(await authority.handshake(key('one'))).toEqual({ identity: CLIENT })
    authority.refresh()
    expect(await authority.handshake(key('one'))).toBe('key_invalid')
    expect(await authority.handshake(key('two'))).toEqual({ identity: CLIENT })
  })

  test.each<[string, Rows, boolean]>([
    ['nothing is set', [], true],
    ['a list of no keys', [[HYDROGEN_KEYS, []]], true],
    ['keys', [[HYDROGEN_KEYS, ['a']]], false],
    ['tokens', [[HYDROGEN_VERIFY, { jwt: SECRET }]], false],
    ['a function', [[HYDROGEN_VERIFY, { handler }]], false],
    ['required alone', [[HYDROGEN_VERIFY, { required: true }]], true],
    ['nothing is required', [[HYDROGEN_VERIFY, { required: false }]], false],
    ['WS_AUTH', [[WS_AUTH, { keys: ['a'] }]], false],
  ])('with %s there is a fault: %#', (_what, rows, faulty) => {
    const { authority } = authorityOf(rows)
    expect(authority.fault()).toEqual(faulty ? expect.stringContaining('set HYDROGEN_KEYS (441)') : undefined)
  })

  test('a key for tokens that is none is refused by name', () => {
    expect(() => authorityOf([[HYDROGEN_VERIFY, { jwt: { publicKey: 'x' } }]])).toThrow(
      'HYDROGEN_VERIFY (442): jwt: publicKey: not a PEM public key',
    )
  })
})
