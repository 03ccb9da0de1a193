import { expect, test } from 'vitest'
import type { HydrogenEvent, Missed, SubscribeOptions } from '../../src/hydrogen/client/index.ts'
import { ClientPeer, once } from './support/client-peer.ts'

type Taken = HydrogenEvent<any>

/** A client that subscribed to a topic at offset 0 of epoch `e`; what its handler gets is in `taken`. */
async function subscribed(
  peer: ClientPeer,
  options: SubscribeOptions = {},
  handler: (event: Taken) => unknown = () => {},
) {
  const client = peer.client()
  const connection = await peer.session()
  const taken: Taken[] = []
  const subscribing = client.subscribe('t', options, event => {
    taken.push(event)
    return handler(event)
  })
  const asked = await connection.subscribed({ epoch: 'e', offset: 0, top: 0 })
  return { client, connection, taken, asked, subscription: await subscribing }
}

const at = (offset: number, more: object = {}) => ({ topic: 't', epoch: 'e', offset, data: offset, ...more })
/** With an acknowledgment. */
const acked = (offset: number, more: object = {}) =>
  at(offset, { id: `a${offset}`, ack: true, seq: offset, attempt: 1, ...more })

const offsets = (events: readonly Taken[]) => events.map(({ offset }) => offset)

test('a handler gets each event as it was published', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer)
  const heard = once<Taken>(client, 'event')
  connection.event({
    id: 'x',
    channel: 'printer',
    action: 'status',
    timestamp: '2025-02-26T18:45:00.000Z',
    prio: 1,
    ...at(1, { data: { bed: 60 } }),
  })
  expect(await heard).toBe(taken[0])
  expect(taken[0]).toMatchObject({
    id: 'x',
    channel: 'printer',
    action: 'status',
    timestamp: '2025-02-26T18:45:00.000Z',
    topic: 't',
    epoch: 'e',
    offset: 1,
    data: { bed: 60 },
    lane: 1,
    attempt: 1,
    wantsAck: false,
  })
})

test('an event for all has no topic, and is told to the client', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer)
  const heard = once<Taken>(client, 'event')
  connection.event({ channel: 'system', action: 'motd', data: 'hello' })
  expect(await heard).toMatchObject({ topic: undefined, data: 'hello' })
  expect(taken).toEqual([])
})

test('a subscription is iterated over, and ends when it is unsubscribed from', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const subscribing = client.subscribe('t')
  await connection.subscribed({ epoch: 'e' })
  const subscription = await subscribing
  connection.event(at(1))
  connection.event(at(2))
  const seen: unknown[] = []
  for await (const { data } of subscription) {
    seen.push(data)
    if (data === 2) connection.event(at(3))
    if (data !== 3) continue
    const done = subscription.unsubscribe()
    const command = await connection.command('unsubscribe')
    expect(command.data).toEqual({ topic: 't' })
    connection.answer(command)
    await done
  }
  expect(seen).toEqual([1, 2, 3])
  expect(client.position('t')).toBeUndefined()
})

test('several loops over a subscription share its events', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const subscribing = client.subscribe('t')
  await connection.subscribed({ epoch: 'e' })
  const subscription = await subscribing
  const one = subscription[Symbol.asyncIterator]()
  const two = subscription[Symbol.asyncIterator]()
  const both = Promise.all([one.next(), two.next()])
  connection.event(at(1))
  connection.event(at(2))
  expect((await both).map(({ value }) => value.data)).toEqual([1, 2])
})

test('where the program is slow the oldest events give way, and it is told which', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const subscribing = client.subscribe('t', { buffer: 2 })
  await connection.subscribed({ epoch: 'e' })
  const subscription = await subscribing
  const missed: Missed[] = []
  subscription.on('gap', one => missed.push(one))
  const last = once<Taken>(client, 'event', ({ offset }) => offset === 4)
  for (const offset of [1, 2, 3, 4]) connection.event(at(offset))
  await last
  const iterator = subscription[Symbol.asyncIterator]()
  expect((await iterator.next()).value.data).toBe(3)
  expect(missed).toEqual([
    { topic: 't', epoch: 'e', reason: 'overflow', from: 1, to: 1 },
    { topic: 't', epoch: 'e', reason: 'overflow', from: 2, to: 2 },
  ])
})

test('an event is acknowledged when its handler has returned', async () => {
  await using peer = await ClientPeer.start()
  const { connection, taken } = await subscribed(peer)
  for (const offset of [1, 2, 3]) connection.event(acked(offset))
  let upto = 0
  while (upto < 3) ({ upto } = await connection.ack())
  expect(upto).toBe(3)
  expect(offsets(taken)).toEqual([1, 2, 3])
})

test('an event is acknowledged when the promise of its handler is fulfilled, others meanwhile by their ids', async () => {
  await using peer = await ClientPeer.start()
  const first = Promise.withResolvers<void>()
  const { connection } = await subscribed(peer, {}, ({ offset }) =>
    offset === 1 ? first.promise : undefined,
  )
  connection.events(acked(1), acked(2))
  expect(await connection.ack()).toEqual({ type: 'ack', ids: ['a2'] })
  first.resolve()
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 2 })
})

test('an event whose handler fails is sent again, and given to the handler again', async () => {
  await using peer = await ClientPeer.start()
  let fails = true
  const { client, connection, taken } = await subscribed(peer, {}, async () => {
    if (fails) throw new Error('no paper')
  })
  const error = once<Error>(client, 'error')
  connection.event(acked(1))
  expect(await connection.ack()).toEqual({ type: 'ack', id: 'a1', attempt: 1, kind: 'nak' })
  expect(await error).toMatchObject({ message: 'no paper' })
  fails = false
  connection.event(acked(1, { attempt: 2 }))
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
  expect(taken.map(({ attempt }) => attempt)).toEqual([1, 2])
})

test('what a handler throws that nobody listens for is uncaught', async () => {
  await using peer = await ClientPeer.start()
  const uncaught = new Promise(resolve => process.once('uncaughtException', resolve))
  const { connection } = await subscribed(peer, {}, () => {
    throw new Error('careless')
  })
  connection.event(at(1))
  expect(await uncaught).toMatchObject({ message: 'careless' })
})

test('in a loop an event is done when the next one is taken, and not when the loop is left', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const subscribing = client.subscribe('t', { ack: true })
  expect(await connection.subscribed({ epoch: 'e' })).toEqual({ topic: 't', ack: true })
  const subscription = await subscribing
  connection.events(acked(1), acked(2))
  for await (const { offset } of subscription) if (offset === 2) break
  expect(await connection.ack()).toEqual({ type: 'ack', id: 'a2', attempt: 1, kind: 'nak' })
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
})

test('in manual mode the program says what became of an event', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken, asked } = await subscribed(peer, { ack: 'manual' })
  expect(asked).toEqual({ topic: 't', ack: true })
  const third = once(client, 'event', ({ offset }: Taken) => offset === 3)
  for (const offset of [1, 2, 3]) connection.event(acked(offset, { id: `m${offset}`, attempt: 4 }))
  await third
  taken[0]!.progress()
  expect(await connection.ack()).toEqual({ type: 'ack', id: 'm1', attempt: 4, kind: 'progress' })
  taken[1]!.nak(250)
  expect(await connection.ack()).toEqual({ type: 'ack', id: 'm2', attempt: 4, kind: 'nak', delay: 250 })
  taken[2]!.term()
  expect(await connection.ack()).toEqual({ type: 'ack', id: 'm3', attempt: 4, kind: 'term' })
  taken[0]!.ack()
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
})

test('a duplicate is acknowledged again and never given out again', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer)
  connection.event(acked(1))
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
  connection.event(acked(1, { attempt: 2 }))
  expect(await connection.ack()).toEqual({ type: 'ack', ids: ['a1'] })
  connection.event(at(2, { id: 'plain' }))
  connection.event(at(2, { id: 'plain' }))
  const heard = once(client, 'event', ({ offset }: Taken) => offset === 3)
  connection.event(at(3))
  await heard
  expect(offsets(taken)).toEqual([1, 2, 3])
})

test('a duplicate of an event that is never to come again is told so again', async () => {
  await using peer = await ClientPeer.start()
  const { connection, taken } = await subscribed(peer, {}, event => event.term())
  const term = { type: 'ack', id: 'a1', kind: 'term' }
  connection.event(acked(1))
  expect(await connection.ack()).toEqual({ ...term, attempt: 1 })
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
  connection.event(acked(1, { attempt: 2 }))
  expect(await connection.ack()).toEqual({ ...term, attempt: 2 })
  expect(taken).toHaveLength(1)
})

test('of the last 1024 events none is given out twice', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer)
  const count = 1024
  for (let offset = 1; offset <= count; offset++) connection.event(at(offset, { id: `n${offset}` }))
  connection.event(at(1, { id: 'n1' }))
  const last = once(client, 'event', ({ offset }: Taken) => offset === count + 1)
  connection.event(at(count + 1))
  await last
  expect(taken).toHaveLength(count + 1)
})

test('the server is told of work that takes long, so that it does not send the event again', async () => {
  await using peer = await ClientPeer.start()
  const work = Promise.withResolvers<void>()
  const { connection, taken } = await subscribed(peer, {}, () => work.promise)
  connection.event(acked(1))
  expect(await connection.ack()).toEqual({ type: 'ack', ids: ['a1'], kind: 'progress' })
  connection.event(acked(1, { attempt: 2 }))
  const again = await connection.inbox.take(({ id }) => id === 'a1')
  expect(again).toEqual({ type: 'ack', id: 'a1', kind: 'progress', attempt: 2 })
  work.resolve()
  expect(await connection.inbox.take(({ kind }) => kind === undefined)).toEqual({ type: 'ack', upto: 1 })
  expect(taken).toHaveLength(1)
})

test('after a resume the acknowledgments are sent again, and the newest number that came is named', async () => {
  await using peer = await ClientPeer.start()
  const open = Promise.withResolvers<void>()
  const { connection, taken } = await subscribed(peer, {}, ({ offset }) =>
    offset === 3 ? open.promise : undefined,
  )
  connection.events(...[1, 2, 3, 4].map(offset => acked(offset)))
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 2 })
  connection.cut()
  const { connection: next, said } = await peer.resumed({ received: 4, subscriptions: [{ topic: 't' }] })
  expect(said.received).toBe(4)
  expect(await next.ack()).toEqual({ type: 'ack', upto: 2 })
  expect(await next.ack()).toEqual({ type: 'ack', ids: ['a4'] })
  open.resolve()
  expect(await next.ack()).toEqual({ type: 'ack', upto: 4 })
  expect(offsets(taken)).toEqual([1, 2, 3, 4])
})

test('where the server knows less than the client acknowledged, what it sends anew is acknowledged anew', async () => {
  await using peer = await ClientPeer.start()
  const { connection, taken } = await subscribed(peer)
  for (const offset of [1, 2, 3]) connection.event(acked(offset))
  let upto = 0
  while (upto < 3) ({ upto } = await connection.ack())
  connection.cut()
  const { connection: next } = await peer.resumed({ received: 1, subscriptions: [{ topic: 't' }] })
  expect(await next.ack()).toEqual({ type: 'ack', upto: 1 })
  next.event(acked(4, { seq: 2 }))
  expect(await next.ack()).toEqual({ type: 'ack', upto: 2 })
  next.event(acked(3, { seq: 3 }))
  expect(await next.ack()).toEqual({ type: 'ack', upto: 3 })
  expect(offsets(taken)).toEqual([1, 2, 3, 4])
})

test('an event that was refused is asked for again when the session is lost', async () => {
  await using peer = await ClientPeer.start()
  const { connection, taken } = await subscribed(peer, { ack: 'manual' }, event => {
    if (event.offset === 2) event.nak(1e6)
    else event.ack()
  })
  for (const offset of [1, 2, 3]) connection.event(acked(offset))
  await connection.ack()
  connection.cut()
  const next = await peer.connection()
  next.refuse(await next.command('resume'), 'session_expired')
  next.answer(await next.command('connect'), {
    session: 's2',
    token: 'u',
    user: 'ann',
    permissions: [],
    ttl: 1,
  })
  const again = await next.subscribed({ epoch: 'e', offset: 1, top: 3, recovered: true })
  expect(again.position).toEqual({ epoch: 'e', offset: 1 })
  next.event(acked(2, { seq: 1 }))
  next.event(acked(3, { seq: 2 }))
  expect(await next.ack()).toMatchObject({ id: 'a2', kind: 'nak' })
  expect(await next.ack()).toEqual({ type: 'ack', ids: ['a3'] })
  expect(offsets(taken)).toEqual([1, 2, 3, 2])
})

test('a hole the server did not name ends the connection, and the rest is recovered', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer)
  connection.event(at(1))
  connection.event(at(3))
  connection.event(at(4))
  expect(await connection.closed).toEqual({ code: 4010, reason: 'insufficient state' })
  const { connection: next, said } = await peer.resumed({ subscriptions: [{ topic: 't' }] })
  expect(said.topics).toEqual({ t: { epoch: 'e', offset: 1 } })
  const last = once(client, 'event', ({ offset }: Taken) => offset === 4)
  for (const offset of [2, 3, 4]) next.event(at(offset))
  await last
  expect(offsets(taken)).toEqual([1, 2, 3, 4])
})

test('an event of another epoch is a hole', async () => {
  await using peer = await ClientPeer.start()
  const { connection, taken } = await subscribed(peer)
  connection.event(at(1, { epoch: 'other' }))
  expect(await connection.closed).toMatchObject({ code: 4010 })
  expect(taken).toEqual([])
})

test('what a filter held back is no hole', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer, { filter: { attr: 'a', op: 'exists' } })
  connection.event(at(4, { prev: 0 }))
  const last = once(client, 'event', ({ offset }: Taken) => offset === 9)
  connection.event(at(9, { prev: 4 }))
  await last
  expect(offsets(taken)).toEqual([4, 9])
  connection.event(at(12, { prev: 10 }))
  expect(await connection.closed).toMatchObject({ code: 4010 })
})

test('what the server dropped and named moves the position, and the program is told', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken, subscription } = await subscribed(peer)
  const missed: Missed[] = []
  subscription.on('gap', one => missed.push(one))
  connection.event(at(5, { gap: { from: 1, to: 4 } }))
  const gap = { from: 6, to: 8 }
  connection.event({ channel: 'system', action: 'gap', topic: 't', epoch: 'e', gap })
  const last = once(client, 'event', ({ offset }: Taken) => offset === 9)
  connection.event(at(9))
  await last
  expect(offsets(taken)).toEqual([5, 9])
  expect(missed).toEqual([
    { topic: 't', epoch: 'e', reason: 'dropped', from: 1, to: 4 },
    { topic: 't', epoch: 'e', reason: 'dropped', ...gap },
  ])
})

test('a gap that wants an acknowledgment gets it', async () => {
  await using peer = await ClientPeer.start()
  const { connection } = await subscribed(peer)
  const notice = {
    id: 'g',
    channel: 'system',
    action: 'gap',
    topic: 't',
    epoch: 'e',
    gap: { from: 1, to: 2 },
  }
  connection.event({ ...notice, ack: true, seq: 1, attempt: 1 })
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
})

test('a pattern learns of its topics from their events, and misses none of their beginning', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const taken: Taken[] = []
  const subscribing = client.subscribe('p.*.temp', event => taken.push(event))
  await connection.subscribed({ topics: { 'p.1.temp': { epoch: 'e', offset: 3, top: 3 } } })
  const subscription = await subscribing
  expect(subscription.position('p.1.temp')).toEqual({ epoch: 'e', offset: 3 })
  connection.event({ topic: 'p.1.temp', epoch: 'e', offset: 4 })
  connection.event({ topic: 'p.2.temp', epoch: 'n', offset: 1 })
  connection.event({ topic: 'p.2.temp', epoch: 'n', offset: 2 })
  connection.event({ topic: 'p.3.temp', epoch: 'm', offset: 2 })
  expect(await connection.closed).toMatchObject({ code: 4010 })
  expect(taken.map(({ topic, offset }) => `${topic} ${offset}`)).toEqual([
    'p.1.temp 4',
    'p.2.temp 1',
    'p.2.temp 2',
  ])
  const { said } = await peer.resumed()
  expect(said.topics).toEqual({
    'p.1.temp': { epoch: 'e', offset: 4 },
    'p.2.temp': { epoch: 'n', offset: 2 },
  })
})

test('of topics too many to be named the first event is taken as it comes', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const subscribing = client.subscribe('p.>')
  await connection.subscribed({ topics: {}, truncated: true })
  await subscribing
  const heard = once(client, 'event')
  connection.event({ topic: 'p.1', epoch: 'e', offset: 40 })
  await heard
  expect(client.position('p.1')).toEqual({ epoch: 'e', offset: 40 })
})

test('an event that two subscriptions match is done when both are done with it', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const slow = Promise.withResolvers<void>()
  const taken: string[] = []
  const both = [
    client.subscribe('t', () => {
      taken.push('exact')
      return slow.promise
    }),
    client.subscribe('>', () => taken.push('all')),
  ]
  await connection.subscribed({ epoch: 'e' })
  await connection.subscribed({ topics: {} })
  await Promise.all(both)
  connection.event(acked(1))
  connection.event(at(2, { topic: 'other', id: 'o', offset: 1, ack: true, seq: 2, attempt: 1 }))
  expect(await connection.ack()).toEqual({ type: 'ack', ids: ['o'] })
  slow.resolve()
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 2 })
  expect(taken).toEqual(['exact', 'all', 'all'])
})

test('a topic is unsubscribed from with the last subscription to it', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const both = [client.subscribe('t'), client.subscribe('t')]
  await connection.subscribed({ epoch: 'e' })
  await connection.subscribed({ epoch: 'e' })
  const [one, two] = await Promise.all(both)
  await one!.unsubscribe()
  await one!.unsubscribe()
  expect(connection.inbox.rest).toEqual([])
  const ended = once(two!, 'end')
  const done = two![Symbol.asyncDispose]()
  connection.refuse(await connection.command('unsubscribe'), 'unknown_topic')
  await done
  expect(await ended).toBeUndefined()
})

test('a subscription that is refused rejects', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const refused = client.subscribe('secret')
  connection.refuse(await connection.command('subscribe'), 'forbidden')
  await expect(refused).rejects.toMatchObject({ reason: 'forbidden', category: 'authentication' })
})

test('a subscription whose permission is withdrawn ends with an error', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, subscription } = await subscribed(peer)
  const ended = once<Error>(subscription, 'end')
  const told = once<Error>(client, 'error')
  connection.event({ channel: 'system', action: 'revoked', data: { topics: ['t'] } })
  expect(await ended).toMatchObject({ reason: 'revoked', details: { topic: 't' } })
  expect(await told).toBe(await ended)
  expect(client.position('t')).toBeUndefined()
})

test('a subscription that a resumed session may no longer have ends with an error', async () => {
  await using peer = await ClientPeer.start()
  const { connection, subscription } = await subscribed(peer)
  const ended = once<Error>(subscription, 'end')
  connection.cut()
  const { connection: next } = await peer.resumed({ revoked: ['t'] })
  expect(await ended).toMatchObject({ reason: 'revoked' })
  expect(next.inbox.rest).toEqual([])
})

test('who comes and goes is told to the subscriptions of the topic, and is no event of it', async () => {
  await using peer = await ClientPeer.start()
  const { connection, subscription, taken } = await subscribed(peer)
  const join = once(subscription, 'join')
  const leave = once(subscription, 'leave')
  connection.event({ channel: 'system', action: 'join', data: { topic: 't', user: 'bob' } })
  connection.event({ channel: 'system', action: 'leave', topic: 't', data: { user: 'bob' } })
  expect(await join).toEqual({ topic: 't', user: 'bob' })
  expect(await leave).toEqual({ topic: 't', user: 'bob' })
  expect(taken).toEqual([])
})

test('an acknowledgment that a subscriber of the server\u2019s making needs is given', async () => {
  await using peer = await ClientPeer.start()
  peer.client()
  const connection = await peer.session()
  connection.event(acked(7, { seq: 1 }))
  expect(await connection.ack()).toEqual({ type: 'ack', upto: 1 })
})

test('a token that is shown may take subscriptions away', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, subscription } = await subscribed(peer)
  const ended = once<Error>(subscription, 'end')
  const refreshed = client.refresh('new')
  connection.answer(await connection.command('refresh'), { user: 'ann', permissions: [], revoked: ['t'] })
  expect(await refreshed).toEqual({ user: 'ann', permissions: [] })
  expect(await ended).toMatchObject({ reason: 'revoked' })
})

test('the last value is new to a subscription that was made after it came, and only to that', async () => {
  await using peer = await ClientPeer.start()
  const { client, connection, taken } = await subscribed(peer)
  const value = at(1, { id: 'value' })
  connection.event(value)
  const later: Taken[] = []
  const heard = Promise.withResolvers<void>()
  const subscribing = client.subscribe('t', { last: true }, event => {
    later.push(event)
    heard.resolve()
  })
  expect(await connection.subscribed({ epoch: 'e', offset: 1, top: 1 })).toEqual({ topic: 't', last: true })
  await subscribing
  connection.events(value, value)
  await heard.promise
  const next = once(client, 'event')
  connection.event(at(2))
  await next
  expect([offsets(taken), offsets(later)]).toEqual([
    [1, 2],
    [1, 2],
  ])
})

test('a position to begin at is passed on, and what it cannot have is told', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const connection = await peer.session()
  const missed = once(client, 'gap')
  const subscribing = client.subscribe('t', { position: { epoch: 'e', offset: 2 }, partial: true, lane: 3 })
  const gap = { from: 3, to: 5 }
  const answer = { epoch: 'e', offset: 5, top: 9, wasRecovering: true, reason: 'gap', gap, truncatedFrom: 6 }
  expect(await connection.subscribed(answer)).toEqual({
    topic: 't',
    lane: 3,
    position: { epoch: 'e', offset: 2, partial: true },
  })
  expect((await subscribing).position()).toEqual({ epoch: 'e', offset: 5 })
  expect(await missed).toEqual({ topic: 't', epoch: 'e', reason: 'gap', ...gap })
})
