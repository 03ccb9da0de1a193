/** Options 440-450: what they take, and what they come to. */
import { describe, expect, test } from 'vitest'
import { DEFAULT_DELIVERY } from '../../src/hydrogen/delivery/options.ts'
import { DEFAULT_ENVELOPE_LIMITS } from '../../src/hydrogen/envelope/limits.ts'
import { DEFAULT_HISTORY_LIMITS } from '../../src/hydrogen/history/topic-history.ts'
import { DEFAULT_LANES } from '../../src/hydrogen/lanes/options.ts'
import {
  HYDROGEN_ACTIONS,
  HYDROGEN_CONFIG,
  HYDROGEN_HANDLERS,
  HYDROGEN_KEYS,
  HYDROGEN_LIMITS,
  HYDROGEN_OBSERVERS,
  HYDROGEN_SESSION,
  HYDROGEN_SIGNING,
  HYDROGEN_STATUS,
  HYDROGEN_TOPICS,
  HYDROGEN_VERIFY,
} from '../../src/hydrogen/options/index.ts'
import { readSettings } from '../../src/hydrogen/options/read-settings.ts'
import { WEBSOCKET_CLIENT, WEBSOCKET_SERVER } from '../../src/index.ts'
import { wsKernel } from '../support/kernel.ts'
import { faultOf, optionsOf } from './support/options.ts'

const fn = (): void => {}
const settings = (...rows: [number, unknown][]) => readSettings(optionsOf(rows))

describe('values that are taken', () => {
  test.each<[string, number, unknown]>([
    ['the text of a file', HYDROGEN_CONFIG, '{ "WebSocketServer": {} } // nothing'],
    ['a mapping', HYDROGEN_CONFIG, { WebSocketServer: { Port: 1 }, Logging: {} }],
    ['no key', HYDROGEN_KEYS, []],
    [
      'keys with and without a user',
      HYDROGEN_KEYS,
      ['a', { key: 'b', user: 'ann', permissions: ['print:*'] }],
    ],
    ['a secret for tokens', HYDROGEN_VERIFY, { jwt: 'secret', firstMessage: true }],
    ['JSON Web Key settings', HYDROGEN_VERIFY, { jwt: { secret: 's', issuer: 'me' }, handler: fn }],
    ['no authentication', HYDROGEN_VERIFY, { required: false }],
    [
      'actions',
      HYDROGEN_ACTIONS,
      { 'print:*': { permission: null, signed: true }, '*': { permission: false } },
    ],
    ['a permission of another name', HYDROGEN_ACTIONS, { 'a:b': { permission: 'c:d', token: true } }],
    ['signing', HYDROGEN_SIGNING, { secret: 's', window: 30 }],
    ['handlers', HYDROGEN_HANDLERS, { print: fn, '*': fn }],
    [
      'topics',
      HYDROGEN_TOPICS,
      { 'a.*.>': { history: false, lane: 'bulk', latest: true }, b: { ack: true, strict: true } },
    ],
    [
      'limits',
      HYDROGEN_LIMITS,
      { message: { bytes: 1000 }, lanes: { bulk: { overflow: 'close' } }, delivery: { backoff: [1] } },
    ],
    ['a session', HYDROGEN_SESSION, { ttl: 1, save: 10 }],
    ['no status', HYDROGEN_STATUS, false],
    ['observers', HYDROGEN_OBSERVERS, { deadLetter: fn, transition: fn }],
  ])('%s', (_what, option, value) => expect(faultOf(option, value)).toBe(undefined))
})

describe('values that are not', () => {
  test.each<[number, unknown, string]>([
    [HYDROGEN_CONFIG, 5, 'HYDROGEN_CONFIG (440): value must be string or must be object, got 5'],
    [HYDROGEN_CONFIG, '{ "WebSocketServer": {\n"Prot": 1 } }', 'WebSocketServer.Prot, line 2: no such key'],
    [HYDROGEN_CONFIG, '/nowhere/hydrogen.json', 'HYDROGEN_CONFIG (440): the file cannot be read: ENOENT'],
    [HYDROGEN_KEYS, 'key', 'HYDROGEN_KEYS (441): value must be array'],
    [HYDROGEN_KEYS, [''], 'value[0] must NOT have fewer than 1 characters'],
    [HYDROGEN_KEYS, [{ user: 'ann' }], "value[0] must be string or must have required property 'key'"],
    [HYDROGEN_KEYS, ['a', { key: 'a' }], 'value[1] is a key that was listed before'],
    [
      HYDROGEN_KEYS,
      [{ key: 'a', permissions: ['print'] }],
      'value[0].permissions: not a channel:action pattern: "print"',
    ],
    [HYDROGEN_VERIFY, {}, 'HYDROGEN_VERIFY (442): value must NOT have fewer than 1 properties'],
    [HYDROGEN_VERIFY, { handler: 'fn' }, 'value.handler must be a function'],
    [
      HYDROGEN_VERIFY,
      { jwt: { secret: 's', algorithms: ['none'] } },
      'value.jwt.algorithms[0] must be one of HS256, RS256, ES256',
    ],
    [HYDROGEN_VERIFY, { firstMessage: true }, 'firstMessage needs jwt or a handler'],
    [
      HYDROGEN_VERIFY,
      { jwt: 's', firstMessage: true, required: false },
      'firstMessage is for servers that require',
    ],
    [HYDROGEN_ACTIONS, { print: {} }, 'HYDROGEN_ACTIONS (443): value: not a channel:action pattern: "print"'],
    [HYDROGEN_ACTIONS, { 'pri*:x': {} }, 'value: not a channel:action pattern: "pri*:x"'],
    [HYDROGEN_ACTIONS, { 'a:b\n': {} }, 'without control characters'],
    [HYDROGEN_ACTIONS, { 'a:b': { permission: 'a:*' } }, 'permission: not a channel:action: "a:*"'],
    [HYDROGEN_ACTIONS, { 'a:b': { permission: true } }, 'must NOT be valid'],
    [HYDROGEN_ACTIONS, { 'a:b': { sign: true } }, "must not have the key 'sign'"],
    [HYDROGEN_SIGNING, { window: 0 }, 'HYDROGEN_SIGNING (444): value.window must be > 0'],
    [HYDROGEN_HANDLERS, { print: 5 }, 'HYDROGEN_HANDLERS (445): value.print must be a function, got 5'],
    [HYDROGEN_HANDLERS, { '': fn }, '"" is not 1 to 128 characters'],
    [HYDROGEN_TOPICS, { 'a..b': {} }, 'HYDROGEN_TOPICS (446): "a..b" is no pattern of topics'],
    [HYDROGEN_TOPICS, { '>.a': {} }, '">.a" is no pattern of topics'],
    [HYDROGEN_TOPICS, { a: { ack: true, history: false } }, "value['a']: ack needs a history"],
    [HYDROGEN_TOPICS, { a: { ack: true, history: { count: 0 } } }, "value['a']: ack needs a history"],
    [HYDROGEN_TOPICS, { a: { last: true, history: false } }, "value['a']: last needs a history"],
    [HYDROGEN_TOPICS, { a: { strict: true } }, "value['a']: strict needs ack"],
    [HYDROGEN_TOPICS, { a: { latest: true } }, "value['a']: latest needs the lane bulk"],
    [HYDROGEN_TOPICS, { a: { lane: 4 } }, 'value.a.lane must be one of 0, 1, 2, 3, high, normal, bulk'],
    [HYDROGEN_TOPICS, { a: { permission: 'x' } }, `value['a'].permission: not a channel:action: "x"`],
    [HYDROGEN_LIMITS, { message: { bytes: 1 } }, 'HYDROGEN_LIMITS (447): value.message.bytes must be >= 256'],
    [
      HYDROGEN_LIMITS,
      { lanes: { control: { overflow: 'drop-oldest' } } },
      'value.lanes.control.overflow must be one of close',
    ],
    [HYDROGEN_LIMITS, { lanes: { fast: {} } }, "value.lanes must not have the key 'fast'"],
    [HYDROGEN_LIMITS, { delivery: { minAckWait: 61 } }, 'minAckWait (61) is more than maxAckWait (60)'],
    [HYDROGEN_SESSION, { ttl: 0 }, 'HYDROGEN_SESSION (448): value.ttl must be >= 1'],
    [HYDROGEN_STATUS, true, 'HYDROGEN_STATUS (449): value'],
    [HYDROGEN_STATUS, { topic: 'a.*' }, 'value.topic: "a.*" is no topic'],
    [
      HYDROGEN_OBSERVERS,
      { deadletter: fn },
      "HYDROGEN_OBSERVERS (450): value must not have the key 'deadletter'",
    ],
  ])('%i %j', (option, value, message) => expect(faultOf(option, value)).toContain(message))

  test('a secret is in no message', () => {
    for (const [option, value] of [
      [HYDROGEN_KEYS, [{ key: 'hush', usr: 1 }]],
      [HYDROGEN_KEYS, ['hush', 'hush']],
      [HYDROGEN_VERIFY, { jwt: { secret: 'hush', publicKey: 'hush' } }],
      [HYDROGEN_SIGNING, { secret: ['hush'] }],
    ] as const) {
      const fault = faultOf(option, value)
      expect(fault).toBeTypeOf('string')
      expect(fault).not.toContain('hush')
    }
  })
})

test('servers take them, clients do not, and what is secret reads back redacted', async () => {
  await using kernel = await wsKernel()
  const server = kernel.create(WEBSOCKET_SERVER, {})
  await kernel.setOption(server, HYDROGEN_KEYS, ['k'])
  await kernel.setOption(server, HYDROGEN_VERIFY, { handler: fn })
  await kernel.setOption(server, HYDROGEN_SIGNING, { secret: 's' })
  expect(kernel.getOption(server, HYDROGEN_KEYS)).toBe('[redacted]')
  expect(kernel.getOption(server, HYDROGEN_VERIFY)).toBe('[redacted]')
  expect(kernel.getOption(server, HYDROGEN_SIGNING)).toBe('[redacted]')
  await kernel.setOption(server, HYDROGEN_CONFIG, '{ "WebSocketServer": { "IdleTimeout": 5 } }')
  expect(kernel.getOption(server, HYDROGEN_CONFIG)).toContain('IdleTimeout')
  const client = kernel.create(WEBSOCKET_CLIENT, {})
  await expect(kernel.setOption(client, HYDROGEN_KEYS, ['k'])).rejects.toThrow('HYDROGEN_KEYS (441)')
})

describe('settings', () => {
  test('without any option they are the defaults', () => {
    const { topic, action, ...rest } = settings()
    expect(rest).toEqual({
      enabled: true,
      authRequired: true,
      idleTimeout: 300_000,
      limits: {
        envelope: DEFAULT_ENVELOPE_LIMITS,
        subscriptions: 1000,
        commands: 64,
        errors: 10,
        authTimeout: 10_000,
        commandTimeout: 30_000,
        highWater: 65_536,
        lanes: DEFAULT_LANES,
        delivery: DEFAULT_DELIVERY,
      },
      session: { ttl: 120_000, save: 250 },
      status: { interval: 10_000, topic: 'system' },
      functions: { handlers: new Map(), deadLetter: undefined, transition: undefined },
    })
    expect(topic('any')).toEqual({
      history: DEFAULT_HISTORY_LIMITS,
      ack: false,
      strict: false,
      lane: 2,
      presence: false,
      last: false,
      latest: false,
      permission: undefined,
    })
    expect(action('any', 'thing')).toEqual({ permission: undefined, signed: false, token: false })
  })

  test('seconds become milliseconds, and functions their numbers', () => {
    const found = settings(
      [HYDROGEN_CONFIG, { WebSocketServer: { Enabled: false, AuthRequired: false, IdleTimeout: 7 } }],
      [HYDROGEN_SESSION, { ttl: 1.5, save: 20 }],
      [HYDROGEN_STATUS, { interval: 0 }],
      [HYDROGEN_HANDLERS, { print: { $function: 3 }, '*': { $function: 4 } }],
      [HYDROGEN_OBSERVERS, { transition: { $function: 5 } }],
      [
        HYDROGEN_LIMITS,
        {
          message: { bytes: 1000, depth: 4, keys: 20 },
          authTimeout: 0.5,
          lanes: { control: { bytes: 2048 }, bulk: { overflow: 'close', weight: 2 } },
          delivery: { ackWait: 2, backoff: [0.1, 0.2] },
        },
      ],
    )
    expect(found).toMatchObject({ enabled: false, authRequired: false, idleTimeout: 7000 })
    expect(found.session).toEqual({ ttl: 1500, save: 20 })
    expect(found.status).toEqual({ interval: 0, topic: 'system' })
    expect(found.functions).toEqual({
      handlers: new Map([
        ['print', 3],
        ['*', 4],
      ]),
      deadLetter: undefined,
      transition: 5,
    })
    expect(found.limits.authTimeout).toBe(500)
    expect(found.limits.envelope).toEqual({
      ...DEFAULT_ENVELOPE_LIMITS,
      maxBytes: 1000,
      maxDepth: 4,
      maxKeys: 20,
    })
    expect(found.limits.lanes[0].maxBytes).toBe(2048)
    expect(found.limits.lanes[3]).toEqual({ maxBytes: 1 << 20, overflow: 'close', weight: 2 })
    expect(found.limits.delivery).toMatchObject({
      ackWait: 2000,
      backoff: [100, 200],
      pendingBytes: [2048, 1 << 20, 1 << 20, 1 << 20],
    })
    expect(settings([HYDROGEN_STATUS, false]).status).toBe(undefined)
  })

  test('HYDROGEN_VERIFY goes before the configuration on whether authentication is required', () => {
    const config = { WebSocketServer: { AuthRequired: false } }
    expect(settings([HYDROGEN_CONFIG, config], [HYDROGEN_VERIFY, { required: true }]).authRequired).toBe(true)
    expect(settings([HYDROGEN_CONFIG, config], [HYDROGEN_VERIFY, { jwt: 's' }]).authRequired).toBe(false)
    expect(settings([HYDROGEN_VERIFY, { required: false }]).authRequired).toBe(false)
  })

  test.each([
    ['a.b.c', 'a.b.c'],
    ['a.b.d', 'a.b.*'],
    ['a.x.c', 'a.*.c'],
    ['a.x.d', 'a.*.*'],
    ['a.b.c.d', 'a.b.>'],
    ['a.x', 'a.>'],
    ['b.x', '>'],
  ])('topic %s is %s', (name, pattern) => {
    const patterns = ['>', 'a.>', 'a.*.*', 'a.*.c', 'a.b.>', 'a.b.*', 'a.b.c']
    for (const order of [patterns, patterns.toReversed()]) {
      const topics = Object.fromEntries(order.map((each, i) => [each, { history: { count: i + 1 } }]))
      const { topic } = settings([HYDROGEN_TOPICS, topics])
      expect(order[topic(name).history.maxCount - 1]).toBe(pattern)
    }
  })

  test('a topic is as its pattern says', () => {
    const { topic } = settings([
      HYDROGEN_TOPICS,
      {
        a: {
          history: { count: 5, bytes: 99, age: 10, meta: 1 },
          ack: true,
          strict: true,
          lane: 'high',
          presence: true,
        },
        b: { history: false, lane: 3, latest: true, permission: 'sub:b' },
      },
    ])
    expect(topic('a')).toMatchObject({
      history: { maxCount: 5, maxBytes: 99, maxAge: 10_000, metaTtl: 10_000 },
      ack: true,
      strict: true,
      lane: 1,
      presence: true,
    })
    expect(topic('b')).toMatchObject({ history: { maxCount: 0 }, lane: 3, latest: true, permission: 'sub:b' })
    expect(topic('c').history.maxCount).toBe(1000)
  })

  test('the most specific pattern says what a command asks for', () => {
    const { action } = settings([
      HYDROGEN_ACTIONS,
      {
        'a:b': { permission: 'x:1' },
        'a:*': { permission: 'x:2' },
        '*:b': { permission: 'x:3' },
        '*': { permission: 'x:4' },
        'c:d': { permission: false, signed: true, token: true },
      },
    ])
    expect(
      ['a:b', 'a:z', 'z:b', 'z:z'].map(name => action(...(name.split(':') as [string, string])).permission),
    ).toEqual(['x:1', 'x:2', 'x:3', 'x:4'])
    expect(action('c', 'd')).toEqual({ permission: null, signed: true, token: true })
  })

  test('the verbs are open, and only patterns that name their channel change that', () => {
    const verbs = ['connect', 'resume', 'refresh', 'subscribe', 'unsubscribe', 'history', 'presence', 'ping']
    const { action } = settings([HYDROGEN_ACTIONS, { '*': { signed: true }, '*:ping': { token: true } }])
    for (const verb of verbs)
      expect(action('system', verb)).toEqual({ permission: null, signed: false, token: false })
    expect(action('system', 'status').signed).toBe(true)
    const own = settings([HYDROGEN_ACTIONS, { 'system:ping': { token: true } }]).action
    expect(own('system', 'ping')).toEqual({ permission: undefined, signed: false, token: true })
    expect(own('system', 'connect').permission).toBe(null)
    const all = settings([HYDROGEN_ACTIONS, { 'system:*': { signed: true } }]).action
    expect(all('system', 'connect').signed).toBe(true)
  })
})
