/** What clients say, right or wrong: each message has its answer, or its close code. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HydrogenErrorCode } from '../../../src/hydrogen/errors.ts'
import { HYDROGEN_ERRORS } from '../../../src/hydrogen/errors.ts'
import { ISOLATIONS } from '../../support/kernel.ts'
import type { Message } from '../support/peer.ts'
import { serve } from '../support/server.ts'

const COMMAND = { type: 'command', id: 'm', channel: 'print', action: 'start' }
const nested = (depth: number): unknown => (depth === 0 ? 0 : { in: nested(depth - 1) })
const keyed = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, i]))

type Row = [
  what: string,
  message: string | Message,
  reason: HydrogenErrorCode,
  facts?: { field?: string; re?: string | null },
]

/** Each with its id given back wherever that could be read. */
const MALFORMED: Row[] = [
  ['no JSON', '{', 'invalid_json'],
  ['nothing', '', 'invalid_json'],
  ['a string without an end', '{"type":"comm', 'invalid_json'],
  ['JSON with something behind it', '{} {}', 'invalid_json'],
  ['NaN', '{"type":NaN}', 'invalid_json'],
  ['a comment', '{/* no */}', 'invalid_json'],
  ['an array', '[]', 'not_an_object'],
  ['a string', '"command"', 'not_an_object'],
  ['a number', '1', 'not_an_object'],
  ['null', 'null', 'not_an_object'],
  ['more bytes than a message may have', { ...COMMAND, data: 'x'.repeat(70_000) }, 'too_long'],
  ['more bytes than characters', { ...COMMAND, data: '€'.repeat(30_000) }, 'too_long'],
  ['too many levels', { ...COMMAND, data: nested(16) }, 'too_deep'],
  ['too many levels of arrays', '['.repeat(60_000), 'too_deep'],
  ['too many keys', { ...COMMAND, data: keyed(4096) }, 'too_many_keys'],
  ['__proto__', '{"type":"command","__proto__":{"polluted":1}}', 'bad_key'],
  ['constructor within data', '{"data":{"constructor":{"prototype":{}}}}', 'bad_key'],
  ['prototype', '{"data":[{"prototype":1}]}', 'bad_key'],
  ['__proto__ written with escapes', '{"data":{"\\u005f_proto__":1}}', 'bad_key'],
  ['no type', {}, 'missing_field', { field: 'type' }],
  ['no id', { type: 'command' }, 'missing_field', { field: 'id' }],
  ['no channel', { type: 'command', id: 'm' }, 'missing_field', { field: 'channel', re: 'm' }],
  [
    'no action',
    { type: 'command', id: 'm', channel: 'print' },
    'missing_field',
    { field: 'action', re: 'm' },
  ],
  ['an ack of nothing', { type: 'ack' }, 'missing_field', { field: 'id' }],
  ['a type that is a number', { type: 1 }, 'mistyped_field', { field: 'type' }],
  ['an id that is a number', { ...COMMAND, id: 7 }, 'mistyped_field', { field: 'id' }],
  ['an id that is null', { ...COMMAND, id: null }, 'mistyped_field', { field: 'id' }],
  [
    'a channel that is a mapping',
    { ...COMMAND, channel: {} },
    'mistyped_field',
    { field: 'channel', re: 'm' },
  ],
  ['an action that is an array', { ...COMMAND, action: [] }, 'mistyped_field', { field: 'action', re: 'm' }],
  ['auth that is a token', { ...COMMAND, auth: 'ann' }, 'mistyped_field', { field: 'auth', re: 'm' }],
  [
    'a token that is a number',
    { ...COMMAND, auth: { token: 1 } },
    'mistyped_field',
    { field: 'auth', re: 'm' },
  ],
  ['cseq that is a string', { ...COMMAND, cseq: '1' }, 'mistyped_field', { field: 'cseq', re: 'm' }],
  [
    'a timestamp that is a number',
    { ...COMMAND, timestamp: 1 },
    'mistyped_field',
    { field: 'timestamp', re: 'm' },
  ],
  ['ids that are one', { type: 'ack', ids: 'm' }, 'mistyped_field', { field: 'ids' }],
  ['a type that there is not', { type: 'commando' }, 'bad_value', { field: 'type' }],
  ['a type of every object', { type: 'toString' }, 'bad_value', { field: 'type' }],
  ['an empty id', { ...COMMAND, id: '' }, 'bad_value', { field: 'id' }],
  ['a channel without a name', { ...COMMAND, channel: '' }, 'bad_value', { field: 'channel', re: 'm' }],
  ['cseq 0', { ...COMMAND, cseq: 0 }, 'bad_value', { field: 'cseq', re: 'm' }],
  ['cseq 1.5', { ...COMMAND, cseq: 1.5 }, 'bad_value', { field: 'cseq', re: 'm' }],
  [
    'a date for a timestamp',
    { ...COMMAND, timestamp: 'Thu, 26 Feb 2026' },
    'bad_value',
    { field: 'timestamp', re: 'm' },
  ],
  ['an ack in two ways', { type: 'ack', id: 'm', upto: 1 }, 'bad_value', { field: 'id' }],
  ['an ack of no ids', { type: 'ack', ids: [] }, 'bad_value', { field: 'ids' }],
  [
    'a kind of ack that there is not',
    { type: 'ack', upto: 1, kind: 'maybe' },
    'bad_value',
    { field: 'kind' },
  ],
  ['an id of 129 characters', { ...COMMAND, id: 'x'.repeat(129) }, 'too_long', { field: 'id' }],
  [
    'an action of 129 characters',
    { ...COMMAND, action: 'x'.repeat(129) },
    'too_long',
    { field: 'action', re: 'm' },
  ],
  ['a line break in an id', { ...COMMAND, id: 'a\nb' }, 'control_character', { field: 'id' }],
  [
    'a bell in a channel',
    { ...COMMAND, channel: '\u0007' },
    'control_character',
    { field: 'channel', re: 'm' },
  ],
  ['an event', { ...COMMAND, type: 'event' }, 'unexpected_type', { re: 'm' }],
  ['a response', { type: 'response', id: 'm', re: 'x', ok: true }, 'unexpected_type', { re: 'm' }],
  ['an ack of more than was sent', { type: 'ack', upto: 1 }, 'ack_ahead'],
]

const textOf = (message: string | Message): string =>
  typeof message === 'string' ? message : JSON.stringify(message)

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a command is answered with its id, its channel and its action', async () => {
    await using serving = await serve({
      isolation,
      handlers: { print: ({ data, user }) => ({ data, user }) },
    })
    const peer = await serving.client()
    expect(await peer.command('print', 'start', { copies: 2 }, { id: 'c-1' })).toEqual({
      type: 'response',
      id: expect.any(String),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      re: 'c-1',
      ok: true,
      channel: 'print',
      action: 'start',
      data: { data: { copies: 2 }, user: 'ann' },
    })
  })

  test('what is malformed is answered as well, and the connection goes on', async () => {
    await using serving = await serve({ isolation, handlers: { print: () => 'done' } })
    const peer = await serving.client()
    peer.socket.send('{')
    expect(await peer.responses.next()).toEqual({
      type: 'response',
      id: expect.any(String),
      timestamp: expect.any(String),
      re: null,
      ok: false,
      error: {
        code: 'invalid_message',
        reason: 'invalid_json',
        message: 'Not JSON',
        category: 'protocol',
        retryable: false,
      },
    })
    expect(await peer.command('print', 'start')).toMatchObject({ ok: true, data: 'done' })
  })

  test('a binary message is answered, and ends the connection with 1003', async () => {
    await using serving = await serve({ isolation })
    const peer = await serving.client()
    peer.socket.send(Buffer.from('{"type":"command"}'))
    expect(await peer.responses.next()).toMatchObject({ ok: false, error: { reason: 'binary_message' } })
    expect(await peer.closed).toEqual({ code: 1003, reason: 'messages are text' })
  })
})

describe('what is against the protocol', () => {
  test.each(MALFORMED)('%s is answered', async (_what, message, reason, { field, re = null } = {}) => {
    await using serving = await serve()
    const peer = await serving.client()
    const { message: text, category, retryable } = HYDROGEN_ERRORS[reason]
    peer.socket.send(textOf(message))
    const response = await peer.responses.next()
    expect(response).toMatchObject({
      type: 'response',
      re,
      ok: false,
      error: { code: 'invalid_message', reason, message: text, category, retryable },
    })
    expect(response.error.field).toBe(field)
    await peer.settled()
    expect((await serving.server.metrics()).errors).toEqual({ [reason]: 1 })
  })

  test('pollutes no prototype', async () => {
    await using serving = await serve({ handlers: { '*': ({ data }) => data } })
    const peer = await serving.client()
    for (const key of ['__proto__', 'constructor', 'prototype'])
      peer.socket.send(`{"type":"command","id":"x","channel":"a","action":"b","data":{"${key}":{"is":1}}}`)
    for (let i = 0; i < 3; i++) expect((await peer.responses.next()).error.reason).toBe('bad_key')
    expect(({} as Message).is).toBeUndefined()
  })

  test('names that every object has are names like others', async () => {
    await using serving = await serve({
      handlers: { toString: () => 'a handler', '*': () => 'any' },
    })
    const peer = await serving.client()
    expect((await peer.command('toString', 'valueOf')).data).toBe('a handler')
    expect((await peer.command('constructor', '__proto__')).data).toBe('any')
    for (const topic of ['constructor', '__proto__', 'toString']) {
      await peer.subscribe(topic)
      await serving.server.publish(topic, topic)
      expect(await peer.event()).toMatchObject({ topic, data: topic, offset: 1 })
    }
    const { peer: again, answer } = await serving.resumed(peer)
    expect(Object.keys(answer.topics)).toEqual(['constructor', '__proto__', 'toString'])
    expect(answer.subscriptions).toHaveLength(3)
    await serving.server.publish('toString', 2)
    expect(await again.inbox.find(({ data }) => data === 2)).toMatchObject({ topic: 'toString', offset: 2 })
  })

  test('too often ends the connection with 3509, after an answer to each', async () => {
    await using serving = await serve({ limits: { errors: 3 } })
    const peer = await serving.client()
    for (let i = 0; i < 6; i++) peer.socket.send('{')
    expect(await peer.closed).toEqual({ code: 3509, reason: 'too many errors' })
    expect(peer.responses.size).toBe(4)
  })

  test('is counted of a client that has not shown who it is as well', async () => {
    await using serving = await serve({
      limits: { errors: 3 },
      verify: { handler: () => undefined, firstMessage: true },
    })
    const peer = await serving.open({ key: '' })
    for (let i = 0; i < 4; i++) peer.say({ type: 'ack', upto: 1 })
    expect(await peer.closed).toMatchObject({ code: 3509 })
    expect(peer.responses.size).toBe(4)
  })
})

describe('acknowledgments', () => {
  test('of what is not known are let be', async () => {
    await using serving = await serve({ topics: { orders: { ack: true } } })
    const peer = await serving.client()
    peer.say({ type: 'ack', id: 'nothing' })
    await peer.subscribe('orders')
    await serving.server.publish('orders', 1)
    const event = await peer.event()
    peer.say({ type: 'ack', ids: ['nothing', event.id] })
    peer.ack(event)
    await peer.settled()
    expect(peer.responses.size).toBe(0)
    expect(await serving.server.metrics()).toMatchObject({ unacked: 0, acked: 1, acks: 3 })
  })

  test('of more than was sent are refused, and acknowledge nothing', async () => {
    await using serving = await serve({ topics: { orders: { ack: true } } })
    const peer = await serving.client()
    await peer.subscribe('orders')
    await serving.server.publish('orders', 1)
    const event = await peer.event()
    peer.ack(event, { attempt: 2 })
    peer.say({ type: 'ack', upto: event.seq + 1 })
    expect(await peer.responses.next()).toMatchObject({ re: event.id, error: { reason: 'ack_ahead' } })
    expect(await peer.responses.next()).toMatchObject({ re: null, error: { reason: 'ack_ahead' } })
    expect(await serving.server.metrics()).toMatchObject({ unacked: 1, acked: 0 })
  })
})

test('fields that are not known are let through', async () => {
  await using serving = await serve({ handlers: { print: ({ data }) => data } })
  const peer = await serving.client()
  const more = { version: 2, trace: { id: 'x' } }
  expect(await peer.command('print', 'start', 1, more)).toMatchObject({ ok: true, data: 1 })
})

describe('random messages', () => {
  const key = fc.constantFrom(
    'type',
    'id',
    'channel',
    'action',
    'data',
    'auth',
    'cseq',
    'topic',
    'upto',
    'ids',
  )
  const leaf = fc.oneof(
    fc.constantFrom('command', 'event', 'response', 'ack', 'system', 'subscribe', 'history', 'a.>', '*', ''),
    fc.integer({ min: -2, max: 3 }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'binary' }),
  )
  const { tree: value } = fc.letrec<{ tree: unknown }>(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
    ),
  }))
  const verb = fc.constantFrom(
    ...['connect', 'refresh', 'subscribe', 'unsubscribe', 'history', 'presence', 'status', 'ping', 'start'],
  )
  const fields = fc.dictionary(
    fc.constantFrom(
      'topic',
      'filter',
      'lane',
      'ack',
      'position',
      'last',
      'from',
      'limit',
      'reverse',
      'users',
    ),
    value,
  )
  const command = fc.record(
    {
      type: fc.constant('command'),
      id: fc.oneof(fc.uuid(), leaf),
      channel: fc.constantFrom('system', 'print'),
      action: verb,
      data: fc.oneof(fields, value),
      cseq: fc.oneof(fc.nat(3), leaf),
      timestamp: leaf,
    },
    { requiredKeys: ['type'] },
  )
  const ack = fc.record(
    {
      type: fc.constant('ack'),
      id: leaf,
      ids: fc.array(leaf, { maxLength: 3 }),
      upto: leaf,
      kind: fc.constantFrom('ack', 'nak', 'progress', 'term', 'maybe'),
      delay: leaf,
      attempt: leaf,
    },
    { requiredKeys: ['type'] },
  )
  const text = fc.oneof(
    command.map(message => JSON.stringify(message)),
    ack.map(message => JSON.stringify(message)),
    value.map(message => JSON.stringify(message)),
    fc.json(),
    fc.string({ unit: 'binary', minLength: 1 }),
  )

  test('each have an answer, and the connection goes on', async () => {
    await using serving = await serve({
      limits: { errors: 100_000 },
      topics: { 'a.>': { ack: true, presence: true } },
      handlers: { '*': ({ data }) => ({ data }) },
    })
    const peer = await serving.client()
    const property = fc.asyncProperty(text, async message => {
      const before = peer.log.length
      peer.socket.send(message)
      await peer.command('program', 'answers', 'in its order')
      const answers = peer.log.slice(before, -1).filter(({ type }) => type === 'response')
      const said = parsed(message)
      if (said?.type === 'ack') expect(answers.length).toBeLessThanOrEqual(1)
      else expect(answers).toHaveLength(1)
      for (const { ok, re, error } of answers) {
        if (ok) expect(re).toBe(said?.id)
        else expect(Object.keys(HYDROGEN_ERRORS)).toContain(error.reason)
        expect([said?.id, null]).toContain(re)
      }
    })
    await fc.assert(property, { numRuns: 500 })
    expect(serving.lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

function parsed(text: string): Message | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
