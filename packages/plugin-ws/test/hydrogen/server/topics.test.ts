/** Topics: who gets which event, and what is kept of them. */
import { describe, expect, test } from 'vitest'
import { ISOLATIONS } from '../../support/kernel.ts'
import { type Message, offsetsOf } from '../support/peer.ts'
import { serve } from '../support/server.ts'

const dataOf = (events: readonly Message[]): unknown[] => events.map(({ data }) => data)

describe.each(ISOLATIONS)('over %s', isolation => {
  test('an event goes to who is subscribed, and says where it was published', async () => {
    await using serving = await serve({ isolation })
    const [peer, other] = [await serving.client(), await serving.client({ key: 'bob' })]
    const answer = await peer.subscribe('printer.3')
    expect(answer).toEqual({
      topic: 'printer.3',
      epoch: expect.any(String),
      offset: 0,
      top: 0,
      recovered: false,
      wasRecovering: false,
    })
    const published = await serving.server.publish('printer.3', { page: 1 }, { action: 'printed' })
    expect(published).toEqual({
      epoch: answer.epoch,
      offset: 1,
      id: expect.any(String),
      duplicate: false,
      matched: 1,
      queued: 1,
      dropped: 0,
    })
    expect(await peer.event()).toEqual({
      type: 'event',
      id: published.id,
      timestamp: expect.any(String),
      channel: 'printer',
      action: 'printed',
      topic: 'printer.3',
      offset: 1,
      epoch: answer.epoch,
      prio: 2,
      data: { page: 1 },
    })
    await other.settled()
    expect(other.inbox.size).toBe(0)
  })

  test('history is read by pages, forwards and backwards', async () => {
    await using serving = await serve({ isolation })
    const peer = await serving.client()
    await serving.publish('log', 25)
    const pages: number[][] = []
    for (let from = 1; ; from = pages.at(-1)!.at(-1)! + 1) {
      const page = await peer.verb('history', { topic: 'log', from, limit: 10 })
      expect(page).toMatchObject({ topic: 'log', top: 25, first: 1 })
      if (page.publications.length === 0) break
      pages.push(offsetsOf(page.publications))
    }
    expect(pages.map(page => page.length)).toEqual([10, 10, 5])
    expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
    const back = await peer.verb('history', { topic: 'log', limit: 3, reverse: true })
    expect(offsetsOf(back.publications)).toEqual([25, 24, 23])
    const further = await peer.verb('history', { topic: 'log', from: 22, limit: 2, reverse: true })
    expect(dataOf(further.publications)).toEqual([{ n: 22 }, { n: 21 }])
    expect(await peer.verb('history', { topic: 'log', limit: 0 })).toMatchObject({
      top: 25,
      publications: [],
    })
  })

  test('looking at topics that do not exist brings none into being; subscribing does, until nobody does', async () => {
    await using serving = await serve({ isolation, topics: { 'room.*': { presence: true } } })
    const peer = await serving.client()
    for (let i = 0; i < 50; i++) {
      await expect(peer.verb('history', { topic: `no.${i}` })).rejects.toMatchObject({
        code: 'unknown_topic',
      })
      expect(await peer.verb('presence', { topic: `room.${i}` })).toMatchObject({ connections: 0 })
    }
    expect((await serving.server.metrics()).topics).toBe(0)
    await peer.subscribe('room.1')
    expect(await peer.verb('history', { topic: 'room.1' })).toMatchObject({ top: 0, publications: [] })
    expect((await serving.server.metrics()).topics).toBe(1)
  })

  test('presence is who is subscribed, and who comes and goes is told', async () => {
    await using serving = await serve({ isolation, topics: { 'room.*': { presence: true } } })
    const ann = await serving.client()
    await ann.subscribe('room.1')
    const bob = await serving.client({ key: 'bob' })
    await bob.subscribe('room.1')
    const told = { channel: 'system', data: { topic: 'room.1', user: 'bob' } }
    expect(await ann.event()).toMatchObject({ ...told, action: 'join' })
    const second = await serving.client({ key: 'bob' })
    await second.subscribe('room.>')
    const presence = await ann.verb('presence', { topic: 'room.1' })
    expect(presence).toEqual({
      topic: 'room.1',
      connections: 3,
      users: [
        { user: 'ann', connections: 1 },
        { user: 'bob', connections: 2 },
      ],
    })
    expect(await ann.verb('presence', { topic: 'room.1', users: false })).toEqual({
      topic: 'room.1',
      connections: 3,
    })
    await bob.cut()
    expect(await ann.event()).toMatchObject({ ...told, action: 'leave' })
    await ann.settled()
    expect(ann.inbox.size).toBe(0)
  })
})

describe('a pattern', () => {
  const PUBLISHED = ['a', 'a.b', 'a.c', 'a.b.c', 'a.b.c.d', 'x.b', 'x.b.c', 'b']
  test.each([
    ['a', ['a']],
    ['a.b', ['a.b']],
    ['*', ['a', 'b']],
    ['a.*', ['a.b', 'a.c']],
    ['*.b', ['a.b', 'x.b']],
    ['*.b.*', ['a.b.c', 'x.b.c']],
    ['a.>', ['a.b', 'a.c', 'a.b.c', 'a.b.c.d']],
    ['a.*.>', ['a.b.c', 'a.b.c.d']],
    ['>', PUBLISHED],
  ])('%s matches', async (pattern, topics) => {
    await using serving = await serve()
    const peer = await serving.client()
    await peer.subscribe(pattern)
    for (const topic of PUBLISHED) await serving.server.publish(topic, topic)
    expect(dataOf(await peer.events(topics.length))).toEqual(topics)
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
  })

  test.each(['', '.', 'a..b', 'a.', '>.a', 'a*', '*a.b', 'a.>b', 'a b', 'a\u0000', 'x'.repeat(129)])(
    '%j is none',
    async pattern => {
      await using serving = await serve()
      const peer = await serving.client()
      await expect(peer.subscribe(pattern)).rejects.toMatchObject({ code: 'bad_topic' })
      await expect(peer.verb('history', { topic: pattern })).rejects.toMatchObject({ code: 'bad_topic' })
      await expect(peer.verb('unsubscribe', { topic: pattern })).rejects.toMatchObject({
        code: 'unknown_topic',
      })
    },
  )

  test('tells where the topics are that there are already, and begins others at their beginning', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await serving.publish('a.b', 3)
    const { topics, ...rest } = await peer.subscribe('a.*')
    expect(rest).toEqual({ topic: 'a.*' })
    expect(topics).toMatchObject({ 'a.b': { offset: 3, top: 3, recovered: false } })
    await serving.publish('a.c', 1)
    expect(await peer.event()).toMatchObject({ topic: 'a.c', offset: 1 })
  })

  test('that matches together with others brings an event once', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    for (const pattern of ['a.b', 'a.*', '>', '*.b']) await peer.subscribe(pattern)
    expect(await serving.server.publish('a.b', 1)).toMatchObject({ matched: 1, queued: 1 })
    await serving.server.publish('a.b', 2)
    expect(dataOf(await peer.events(2))).toEqual([1, 2])
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
    for (const pattern of ['a.b', '>', '*.b']) await peer.verb('unsubscribe', { topic: pattern })
    await serving.server.publish('a.b', 3)
    expect(dataOf(await peer.events(1))).toEqual([3])
    await peer.verb('unsubscribe', { topic: 'a.*' })
    expect(await serving.server.publish('a.b', 4)).toMatchObject({ matched: 0 })
  })

  test('with filters brings what any of them lets through, and no hole is to be seen', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    const is = (value: number) => ({ filter: { attr: 'n', op: 'eq', value } })
    await peer.subscribe('a', is(2))
    await peer.subscribe('*', is(4))
    for (const n of [1, 2, 3, 4, 5, 2]) await serving.server.publish('a', n, { attributes: { n } })
    const events = await peer.events(3)
    expect(events.map(({ offset, prev, data }) => ({ offset, prev, data }))).toEqual([
      { offset: 2, prev: 0, data: 2 },
      { offset: 4, prev: 2, data: 4 },
      { offset: 6, prev: 4, data: 2 },
    ])
  })
})

describe('a filter', () => {
  const EVENTS = [
    { level: 1, zone: 'north', loud: true },
    { level: 2, zone: 'north-east', loud: false },
    { level: 3, zone: 'south' },
    { zone: 'west' },
    {},
  ]
  test.each([
    ['eq', { attr: 'level', op: 'eq', value: 2 }, [1]],
    ['eq with a truth value', { attr: 'loud', op: 'eq', value: true }, [0]],
    ['neq', { attr: 'level', op: 'neq', value: 2 }, [0, 2, 3, 4]],
    ['in', { attr: 'zone', op: 'in', value: ['south', 'west'] }, [2, 3]],
    ['nin', { attr: 'zone', op: 'nin', value: ['south', 'west'] }, [0, 1, 4]],
    ['exists', { attr: 'level', op: 'exists' }, [0, 1, 2]],
    ['not exists', { not: { attr: 'level', op: 'exists' } }, [3, 4]],
    ['gt', { attr: 'level', op: 'gt', value: 1 }, [1, 2]],
    ['gte', { attr: 'level', op: 'gte', value: 2 }, [1, 2]],
    ['lt', { attr: 'level', op: 'lt', value: 2 }, [0]],
    ['lte', { attr: 'level', op: 'lte', value: 2 }, [0, 1]],
    ['prefix', { attr: 'zone', op: 'prefix', value: 'north' }, [0, 1]],
    [
      'and',
      {
        and: [
          { attr: 'zone', op: 'prefix', value: 'north' },
          { attr: 'level', op: 'gt', value: 1 },
        ],
      },
      [1],
    ],
    [
      'or',
      {
        or: [
          { attr: 'zone', op: 'eq', value: 'west' },
          { attr: 'level', op: 'eq', value: 1 },
        ],
      },
      [0, 3],
    ],
  ])('%s lets through what it says, and history is not filtered', async (_name, filter, through) => {
    await using serving = await serve()
    const peer = await serving.client()
    await peer.subscribe('alarm', { filter })
    for (const [i, attributes] of EVENTS.entries()) await serving.server.publish('alarm', i, { attributes })
    expect(dataOf(await peer.events(through.length))).toEqual(through)
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
    const { publications } = await peer.verb('history', { topic: 'alarm' })
    expect(publications.map(({ data, attributes }: Message) => ({ data, attributes }))).toEqual(
      EVENTS.map((attributes, data) => ({ data, attributes })),
    )
  })

  test.each([
    ['a text', 'level > 3'],
    ['an operator that there is not', { attr: 'a', op: 'like', value: 'x' }],
    ['nothing', {}],
    ['too many levels', Array.from({ length: 9 }).reduce(not => ({ not }), { attr: 'a', op: 'exists' })],
    ['too many conditions', { or: Array(65).fill({ attr: 'a', op: 'exists' }) }],
  ])('is not %s', async (_what, filter) => {
    await using serving = await serve()
    const peer = await serving.client()
    await expect(peer.subscribe('a', { filter })).rejects.toMatchObject({
      code: 'bad_filter',
      response: { error: { field: 'data.filter', category: 'application' } },
    })
    expect(await serving.server.publish('a', 1)).toMatchObject({ matched: 0 })
  })

  test('is another one, once it is subscribed again with it', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    const odd = (value: boolean) => ({ filter: { attr: 'odd', op: 'eq', value } })
    const publish = async (n: number) => serving.server.publish('a', n, { attributes: { odd: n % 2 === 1 } })
    await peer.subscribe('a', odd(true))
    for (const n of [1, 2, 3]) await publish(n)
    expect(await peer.subscribe('a', odd(false))).toMatchObject({ top: 3 })
    for (const n of [4, 5, 6]) await publish(n)
    expect(dataOf(await peer.events(4))).toEqual([1, 3, 4, 6])
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
  })
})

describe('the last value', () => {
  test('comes at once to who asks for it, or where the topic gives it', async () => {
    await using serving = await serve({ topics: { 'state.*': { last: true } } })
    const peer = await serving.client()
    for (const topic of ['state.a', 'other']) await serving.publish(topic, 3)
    expect(await peer.subscribe('state.a')).toMatchObject({ offset: 3 })
    expect(await peer.event()).toMatchObject({ topic: 'state.a', offset: 3, data: { n: 3 } })
    await peer.subscribe('other', { last: true })
    expect(await peer.event()).toMatchObject({ topic: 'other', offset: 3 })
    const second = await serving.client()
    await second.subscribe('state.a', { last: false })
    await second.subscribe('other')
    await second.subscribe('>', { last: true, filter: { attr: 'none', op: 'exists' } })
    await second.settled()
    expect(second.inbox.size).toBe(0)
  })

  test('moves nothing: what is published next follows it', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await serving.publish('state', 2)
    await peer.subscribe('state', { last: true })
    await serving.publish('state', 1, { first: 3 })
    expect(offsetsOf(await peer.events(2))).toEqual([2, 3])
  })
})

describe('presence', () => {
  const room = () => serve({ topics: { room: { presence: true } } })

  test('is not kept of other topics', async () => {
    await using serving = await room()
    const peer = await serving.client()
    await expect(peer.verb('presence', { topic: 'hall' })).rejects.toMatchObject({ code: 'bad_value' })
    expect(await serving.server.presence('room')).toEqual({ connections: 0, users: [] })
  })

  test('is told once, however often a client subscribes', async () => {
    await using serving = await room()
    const ann = await serving.client()
    await ann.subscribe('room')
    const bob = await serving.client({ key: 'bob' })
    await bob.subscribe('room')
    await bob.subscribe('room', { lane: 1 })
    await bob.verb('unsubscribe', { topic: 'room' })
    expect((await ann.events(2)).map(({ action }) => action)).toEqual(['join', 'leave'])
    await ann.settled()
    expect(ann.inbox.size).toBe(0)
  })

  test('knows of a client that has come back', async () => {
    await using serving = await room()
    const ann = await serving.client()
    await ann.subscribe('room')
    const bob = await serving.client({ key: 'bob' })
    await bob.subscribe('room')
    await serving.cut(bob)
    expect(await serving.server.presence('room')).toMatchObject({ connections: 1 })
    await serving.resumed(bob, {}, { key: 'bob' })
    expect((await ann.events(3)).map(({ action }) => action)).toEqual(['join', 'leave', 'join'])
    expect(await serving.server.presence('room')).toMatchObject({ connections: 2 })
  })

  test('knows of whom the program brings, and takes away', async () => {
    await using serving = await room()
    const ann = await serving.client()
    await ann.subscribe('room')
    await serving.client({ key: 'bob' })
    await serving.server.subscribe({ user: 'bob' }, 'room')
    await serving.server.unsubscribe({ user: 'bob' }, 'room')
    expect((await ann.events(2)).map(({ action, data }) => [action, data.user])).toEqual([
      ['join', 'bob'],
      ['leave', 'bob'],
    ])
  })
})

describe('a permission of a topic', () => {
  const news = () =>
    serve({
      keys: [
        { key: 'ann', user: 'ann', permissions: ['*'] },
        { key: 'bob', user: 'bob', permissions: ['print:*'] },
      ],
      topics: { 'news.>': { permission: 'news:read', presence: true } },
    })

  test('is asked for, whatever is asked of the topic', async () => {
    await using serving = await news()
    const bob = await serving.client({ key: 'bob' })
    for (const verb of ['subscribe', 'history', 'presence'])
      await expect(bob.verb(verb, { topic: 'news.a' })).rejects.toMatchObject({
        code: 'forbidden',
        response: { error: { field: 'data.topic', category: 'authentication' } },
      })
    const ann = await serving.client()
    expect(await ann.subscribe('news.a')).toMatchObject({ topic: 'news.a' })
  })

  test('is asked for topic by topic of a pattern', async () => {
    await using serving = await news()
    const bob = await serving.client({ key: 'bob' })
    await serving.publish('news.old', 1)
    expect((await bob.subscribe('>')).topics).toEqual({})
    expect(await serving.server.publish('news.old', 1)).toMatchObject({ matched: 0 })
    expect(await serving.server.publish('news.new', 1)).toMatchObject({ matched: 0 })
    expect(await serving.server.publish('free', 1)).toMatchObject({ matched: 1 })
    expect(await serving.server.subscribe({ user: 'bob' }, 'news.a')).toBe(0)
  })
})

test('what is for some users goes to them, and so does its history', async () => {
  await using serving = await serve()
  const [ann, bob] = [await serving.client(), await serving.client({ key: 'bob' })]
  for (const peer of [ann, bob]) await peer.subscribe('mail')
  expect(await serving.server.publish('mail', 'for bob', { to: ['bob', 'eve'] })).toMatchObject({
    matched: 1,
  })
  await serving.server.publish('mail', 'for all')
  expect(dataOf(await bob.events(2))).toEqual(['for bob', 'for all'])
  expect(await ann.event()).toMatchObject({ data: 'for all', offset: 2, prev: 0 })
  const history = async (peer: typeof ann) =>
    dataOf((await peer.verb('history', { topic: 'mail' })).publications)
  expect(await history(ann)).toEqual(['for all'])
  expect(await history(bob)).toEqual(['for bob', 'for all'])
  expect((await serving.server.history('mail')).publications).toHaveLength(2)
})

test('what has a key is published once', async () => {
  await using serving = await serve()
  const peer = await serving.client()
  await peer.subscribe('orders')
  const once = await serving.server.publish('orders', 1, { key: 'order-1' })
  const again = await serving.server.publish('orders', 1, { key: 'order-1' })
  expect(once).toMatchObject({ duplicate: false, offset: 1, matched: 1 })
  expect(again).toMatchObject({ duplicate: true, offset: 1, epoch: once.epoch, matched: 0 })
  await serving.server.publish('orders', 2, { key: 'order-2' })
  expect(offsetsOf(await peer.events(2))).toEqual([1, 2])
})

describe('a broadcast', () => {
  test('goes to all, to some users, or to one connection', async () => {
    await using serving = await serve()
    const [ann, bob] = [await serving.client(), await serving.open({ key: 'bob' })]
    const { server } = serving
    const event = (data: number) => ({ channel: 'system', action: 'told', data })
    expect(await server.broadcast(event(1))).toEqual({ matched: 2, queued: 2, dropped: 0 })
    expect(await server.broadcast(event(2), { to: ['bob'] })).toMatchObject({ matched: 1 })
    expect(await server.broadcast(event(3), { to: ['eve'] })).toMatchObject({ matched: 0 })
    expect(await ann.event()).toEqual({
      type: 'event',
      id: expect.any(String),
      timestamp: expect.any(String),
      ...event(1),
    })
    expect(dataOf(await bob.events(2))).toEqual([1, 2])
    await ann.settled()
    expect(ann.inbox.size).toBe(0)
  })

  test('that no connection could have waiting is refused, and ends none', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    const event = { channel: 'system', action: 'told', data: 'x'.repeat(600_000) }
    await expect(serving.server.broadcast(event)).rejects.toMatchObject({ code: 'EMSGSIZE' })
    await expect(serving.server.publish('a', event.data)).rejects.toMatchObject({ code: 'EMSGSIZE' })
    await peer.settled()
  })
})

test('where only the latest is wanted, what waits gives way to what is newer', async () => {
  await using serving = await serve({
    topics: {
      gauge: { lane: 'bulk', latest: true, history: false },
      filler: { lane: 'bulk', history: false },
    },
    limits: { lanes: { bulk: { bytes: 1_000_000 } } },
  })
  const peer = await serving.client()
  await peer.subscribe('filler')
  await peer.subscribe('gauge')
  peer.pause()
  while ((await serving.server.metrics()).queuedFrames === 0)
    await serving.server.publish('filler', 'x'.repeat(100_000))
  const { queuedFrames } = await serving.server.metrics()
  for (let n = 1; n <= 50; n++) await serving.server.publish('gauge', n)
  const cursor = { channel: 'game', action: 'cursor' }
  for (let n = 1; n <= 50; n++)
    await serving.server.broadcast({ ...cursor, data: n }, { lane: 'bulk', conflate: 'cursor' })
  expect((await serving.server.metrics()).queuedFrames).toBe(queuedFrames + 2)
  peer.unpause()
  const event = await peer.inbox.find(({ topic, offset }) => topic === 'gauge' && offset !== undefined)
  expect(event).toMatchObject({ data: 50, offset: 50 })
  expect(await peer.inbox.find(({ topic }) => topic === undefined)).toMatchObject({ ...cursor, data: 50 })
})

describe('lanes', () => {
  test('are the topic’s, or the subscription’s, and never an event’s', async () => {
    await using serving = await serve({ topics: { alarm: { lane: 'high' }, 'log.>': { lane: 3 } } })
    const peer = await serving.client()
    await peer.subscribe('>')
    await serving.publish('alarm', 1)
    await serving.publish('log.a', 1, { lane: 'bulk' })
    expect((await peer.events(2)).map(({ prio }) => prio)).toEqual([1, 3])
    await expect(serving.server.publish('log.a', 1, { lane: 'high' })).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('log.a have lane 3'),
    })
    await expect(peer.subscribe('log.a', { lane: 0 })).rejects.toMatchObject({ code: 'bad_value' })
  })

  test('decide what goes first to a slow reader', async () => {
    await using serving = await serve({
      topics: { alarm: { lane: 'high' }, log: { lane: 'bulk', history: false } },
    })
    const peer = await serving.client()
    for (const topic of ['alarm', 'log', 'plain']) await peer.subscribe(topic)
    peer.pause()
    while ((await serving.server.metrics()).queuedFrames === 0)
      await serving.server.publish('log', 'x'.repeat(100_000))
    await serving.server.publish('log', 'last')
    await serving.server.publish('plain', 'plain')
    await serving.server.publish('alarm', 'alarm')
    peer.unpause()
    const order: string[] = []
    while (order.length < 3) {
      const { data } = await peer.event()
      if (typeof data === 'string' && data.length < 10) order.push(data)
    }
    expect(order).toEqual(['alarm', 'plain', 'last'])
  })
})

test.each([
  [{ topic: 1 }, 'mistyped_field', 'data.topic'],
  [{}, 'missing_field', 'data.topic'],
  [null, 'mistyped_field', 'data'],
  [[], 'mistyped_field', 'data'],
  ['a', 'mistyped_field', 'data'],
  [{ topic: 'a', lane: 4 }, 'bad_value', 'data.lane'],
  [{ topic: 'a', lane: '1' }, 'mistyped_field', 'data.lane'],
  [{ topic: 'a', ack: 1 }, 'mistyped_field', 'data.ack'],
  [{ topic: 'a', last: 'yes' }, 'mistyped_field', 'data.last'],
  [{ topic: 'a', position: 3 }, 'mistyped_field', 'data.position'],
  [{ topic: 'a', position: { epoch: 'e' } }, 'mistyped_field', 'data.position'],
  [{ topic: 'a', position: { epoch: 'e', offset: -1 } }, 'mistyped_field', 'data.position'],
  [{ topic: 'nothing.kept', ack: true }, 'bad_value', 'data.ack'],
])('subscribe with %j is refused, and subscribes to nothing', async (data, reason, field) => {
  await using serving = await serve({ topics: { 'nothing.kept': { history: false } } })
  const peer = await serving.client()
  await expect(peer.verb('subscribe', data)).rejects.toMatchObject({
    code: reason,
    response: { error: { field } },
  })
  expect(await serving.server.metrics()).toMatchObject({ subscriptions: 0 })
})
