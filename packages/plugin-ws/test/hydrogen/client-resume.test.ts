import { expect, test } from 'vitest'
import { connect, type Missed } from '../../src/hydrogen/client/index.ts'
import { CLOSE } from '../../src/hydrogen/close-codes.ts'
import { ClientPeer, once, SESSION } from './support/client-peer.ts'

test('a lost session is resumed with its token, and what follows with the next one', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const states: string[] = []
  client.on('state', state => states.push(state))
  const first = await peer.session()
  await client.ready
  const lost = once<Error>(client, 'error')
  first.cut()
  expect(await lost).toMatchObject({ code: 'lost', retryable: true, details: { code: 1006 } })
  const { connection, said } = await peer.resumed({ token: 't2' })
  expect(said).toEqual({ token: 't1', topics: {}, received: 0, cseq: 0 })
  await once(client, 'session')
  expect(client.session).toMatchObject({ session: 's1', recovered: true })
  connection.cut(1012)
  const again = await peer.resumed()
  expect(again.said).toMatchObject({ token: 't2' })
  await once(client, 'session')
  expect(states.join()).toBe('connected,waiting,connecting,connected,waiting,connecting,connected')
})

test('a resume names where the client is in every topic, also where no event ever came', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  void client.subscribe('quiet')
  await first.subscribed({ epoch: 'q', offset: 7, top: 7 })
  void client.subscribe('busy', { partial: true })
  await first.subscribed({ epoch: 'b', offset: 2, top: 2 })
  const heard = once(client, 'event')
  first.event({ topic: 'busy', epoch: 'b', offset: 3 })
  await heard
  expect(client.position('busy')).toEqual({ epoch: 'b', offset: 3 })
  first.cut()
  const { said } = await peer.resumed()
  expect(said.topics).toEqual({
    quiet: { epoch: 'q', offset: 7 },
    busy: { epoch: 'b', offset: 3, partial: true },
  })
})

test('a resume that would be too long names as many topics as fit', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const subscribing = client.subscribe('many.*')
  const topics: Record<string, object> = {}
  for (let i = 0; i < 1000; i++) topics[`many.${i}`] = { epoch: 'a', offset: 0, top: 0 }
  await first.subscribed({ topics })
  await subscribing
  first.cut()
  const { said } = await peer.resumed()
  const count = Object.keys(said.topics).length
  expect(count).toBeGreaterThan(100)
  expect(count).toBeLessThan(1000)
  expect(JSON.stringify(said).length).toBeLessThan(65_536)
})

test('what could not be recovered is named, for each topic by itself', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const subscriptions = [
    client.subscribe('cut'),
    client.subscribe('new'),
    client.subscribe('whole'),
    client.subscribe('read'),
  ]
  for (const epoch of ['c', 'n', 'w', 'r']) await first.subscribed({ epoch, offset: 5, top: 5 })
  const [cut] = await Promise.all(subscriptions)
  const missed: Missed[] = []
  client.on('gap', one => missed.push(one))
  const own = once(cut!, 'gap')
  first.cut()
  const wasRecovering = true
  await peer.resumed({
    topics: {
      cut: {
        epoch: 'c',
        offset: 20,
        top: 20,
        recovered: false,
        wasRecovering,
        reason: 'gap',
        gap: { from: 6, to: 20 },
      },
      new: { epoch: 'n2', offset: 3, top: 3, recovered: false, wasRecovering, reason: 'epoch' },
      whole: { epoch: 'w', offset: 5, top: 9, recovered: true, wasRecovering },
      read: { epoch: 'r', offset: 8, top: 9, recovered: true, wasRecovering },
      gone: { error: { code: 'forbidden', reason: 'forbidden', message: 'no', category: 'authentication' } },
    },
    subscriptions: [{ topic: 'cut' }, { topic: 'new' }, { topic: 'whole' }, { topic: 'read' }],
  })
  expect(await once<Error>(client, 'error', ({ message }) => message === 'no')).toMatchObject({
    reason: 'forbidden',
  })
  expect(missed).toEqual([
    { topic: 'cut', epoch: 'c', reason: 'gap', from: 6, to: 20 },
    { topic: 'new', epoch: 'n2', reason: 'epoch' },
  ])
  expect(await own).toEqual(missed[0])
  expect(client.position('cut')).toEqual({ epoch: 'c', offset: 20 })
  expect(client.position('new')).toEqual({ epoch: 'n2', offset: 3 })
  expect(client.position('whole')).toEqual({ epoch: 'w', offset: 5 })
  // A filter held back what is between, or it is still to come.
  expect(client.position('read')).toEqual({ epoch: 'r', offset: 5 })
})

test('commands without an answer are sent again with their numbers, and none that has one', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const one = client.command('a', 'one')
  const two = client.command('a', 'two')
  const three = client.command('a', 'three')
  const sent = await Promise.all(['one', 'two', 'three'].map(action => first.command(action)))
  first.answer(sent[0]!, 1)
  expect(await one).toBe(1)
  first.cut()
  const { connection } = await peer.resumed({ cseq: 2 })
  const again = await Promise.all(['two', 'three'].map(action => connection.command(action)))
  expect(again.map(({ id, cseq }) => [id, cseq])).toEqual(sent.slice(1).map(({ id, cseq }) => [id, cseq]))
  connection.answer(again[0]!, 2)
  connection.answer(again[1]!, 3)
  expect(await Promise.all([two, three])).toEqual([2, 3])
  const four = client.command('a', 'four')
  const command = await connection.command('four')
  expect(command.cseq).toBe(4)
  connection.answer(command)
  await four
  expect(connection.inbox.rest).toEqual([])
})

test('a command that is still being run is asked for again until it is answered', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const slow = client.command('a', 'slow')
  const sent = await first.command('slow')
  first.cut()
  const { connection } = await peer.resumed({ cseq: 1 })
  connection.refuse(await connection.command('slow'), 'in_progress', { retryAfter: 1 })
  const again = await connection.command('slow')
  expect(again).toMatchObject({ id: sent.id, cseq: 1 })
  connection.answer(again, 'done')
  expect(await slow).toBe('done')
})

test('a command whose response is no longer kept rejects', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const command = client.command('a', 'b')
  await first.command('b')
  first.cut()
  const { connection } = await peer.resumed({ cseq: 1 })
  connection.refuse(await connection.command('b'), 'response_forgotten')
  await expect(command).rejects.toMatchObject({ reason: 'response_forgotten', retryable: false })
})

test('a command that was given up is sent again nevertheless, as it has a number', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  await client.ready
  const controller = new AbortController()
  const { signal } = controller
  const given = [client.command('a', 'up', 1, { signal }), client.command('a', 'up', 2, { signal })]
  const last = client.command('a', 'last')
  await first.command('last')
  controller.abort('enough')
  for (const one of given) await expect(one).rejects.toBe('enough')
  first.cut()
  const { connection } = await peer.resumed({ cseq: 1 })
  const again = await connection.command('last')
  expect(again.cseq).toBe(3)
  expect(connection.inbox.rest).toMatchObject([
    { data: 1, cseq: 1 },
    { data: 2, cseq: 2 },
  ])
  connection.answer(again, 'ran')
  expect(await last).toBe('ran')
})

test('a command for want of which the server refuses the next ones ends the session, and those run in another one', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const fine = client.command('a', 'fine')
  const deep = client.command('a', 'deep')
  const after = client.command('a', 'after')
  first.answer(await first.command('fine'), 'ran')
  expect(await fine).toBe('ran')
  await first.command('deep')
  const told = once<Error>(client, 'error')
  const rejects = expect(deep).rejects.toMatchObject({ code: 'session_lost' })
  first.refuse(null, 'too_deep')
  first.refuse(await first.command('after'), 'cseq_gap')
  expect(await told).toMatchObject({ reason: 'too_deep' })
  expect(await first.closed).toMatchObject({ code: 4010 })
  const session = once(client, 'session')
  const connection = await peer.session({ session: 's2' })
  expect(await session).toMatchObject({ recovered: false, reason: 'cseq_gap' })
  await rejects
  const again = await connection.command('after')
  expect(again.cseq).toBe(1)
  connection.answer(again, 'ran too')
  expect(await after).toBe('ran too')
})

test('a session that has forgotten answered commands is not gone on with: the next would get their answers', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const answers = [client.command('a', 'b', 1), client.command('a', 'b', 2)]
  for (const answer of answers) {
    const command = await first.command('b')
    first.answer(command, command.data)
    await answer
  }
  const third = client.command('a', 'b', 3)
  const rejects = expect(third).rejects.toMatchObject({ code: 'session_lost' })
  await first.command('b')
  first.cut()
  const { connection: second, said } = await peer.resumed({ cseq: 1 })
  expect(said.cseq).toBe(2)
  expect(await second.closed).toMatchObject({ code: 4010 })
  expect(second.inbox.rest).toEqual([])
  const connection = await peer.session({ session: 's2' })
  await rejects
  const fourth = client.command('a', 'b', 4)
  const command = await connection.command('b')
  expect(command).toMatchObject({ cseq: 1, data: 4 })
  connection.answer(command, 4)
  expect(await fourth).toBe(4)
})

test.each(['session_unknown', 'session_expired'] as const)(
  '%s: the client begins a session anew, and says so',
  async code => {
    await using peer = await ClientPeer.start()
    const client = peer.client()
    const first = await peer.session()
    void client.subscribe('a', { filter: { attr: 'level', op: 'gte', value: 3 }, last: true })
    await first.subscribed({ epoch: 'e', offset: 4, top: 4 })
    void client.subscribe('b.*')
    await first.subscribed({ topics: { 'b.1': { epoch: 'e', offset: 1, top: 1 } } })
    const lost = client.command('a', 'lost')
    const expected = expect(lost).rejects.toMatchObject({ code: 'session_lost', retryable: true })
    await first.command('lost')
    first.cut()
    await once(client, 'state')
    const queued = client.command('a', 'queued')

    const connection = await peer.connection()
    const missed = once(client, 'gap')
    connection.refuse(await connection.command('resume'), code)
    const session = once(client, 'session')
    connection.answer(await connection.command('connect'), { ...SESSION, session: 's2', token: 'u1' })
    expect(await session).toMatchObject({ session: 's2', recovered: false, reason: code })
    await expected
    expect(await connection.subscribed({ epoch: 'e', offset: 4, top: 6, recovered: true })).toEqual({
      topic: 'a',
      filter: { attr: 'level', op: 'gte', value: 3 },
      position: { epoch: 'e', offset: 4 },
    })
    expect(await connection.subscribed({ topics: { 'b.1': { epoch: 'e', offset: 3, top: 3 } } })).toEqual({
      topic: 'b.*',
      positions: { 'b.1': { epoch: 'e', offset: 1 } },
    })
    expect(await missed).toEqual({ topic: 'b.1', epoch: 'e', reason: 'gap', from: 2, to: 3 })
    const command = await connection.command('queued')
    expect(command.cseq).toBe(1)
    connection.answer(command, 'ran')
    expect(await queued).toBe('ran')
  },
)

test.each(['session_reused', 'session_user', 'token_invalid'] as const)(
  '%s: the client does not come back',
  async code => {
    await using peer = await ClientPeer.start()
    const client = peer.client()
    const first = await peer.session()
    const subscribing = client.subscribe('a')
    await first.subscribed()
    const subscription = await subscribing
    const command = client.command('a', 'b')
    const expected = expect(command).rejects.toMatchObject({ code: 'closed' })
    await first.command('b')
    const closed = once(client, 'close')
    const next = subscription[Symbol.asyncIterator]().next()
    first.cut()
    const connection = await peer.connection()
    connection.refuse(await connection.command('resume'), code)
    expect(await closed).toMatchObject({ error: { reason: code } })
    await expected
    await expect(next).rejects.toMatchObject({ reason: code })
    expect(client.state).toBe('closed')
  },
)

test('a session that may not be had just now is asked for again', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.connection()
  first.refuse(await first.command('connect'), 'busy')
  await peer.session()
  await client.ready
})

test('what a lost session was still to deliver is asked for in the next one', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const subscribing = client.subscribe('t', { ack: true })
  await first.subscribed({ epoch: 'e', offset: 4, top: 4 })
  await subscribing
  first.cut()
  const answer = { epoch: 'e', offset: 9, top: 9, recovered: true, wasRecovering: true }
  const { connection } = await peer.resumed({ topics: { t: answer }, subscriptions: [{ topic: 't' }] })
  await once(client, 'session')
  connection.event({ id: 'five', topic: 't', epoch: 'e', offset: 5, ack: true, seq: 1, attempt: 1 })
  await connection.ack()
  connection.cut()
  const next = await peer.connection()
  next.refuse(await next.command('resume'), 'session_expired')
  next.answer(await next.command('connect'), { ...SESSION, session: 's2' })
  expect(await next.subscribed()).toMatchObject({ position: { epoch: 'e', offset: 5 } })
})

test('without resumption each connection has a session of its own', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ resume: false })
  const first = await peer.session()
  await client.ready
  first.cut()
  await peer.session({ session: 's2' })
  expect(await once(client, 'session')).toMatchObject({
    session: 's2',
    recovered: false,
    reason: 'not_resumed',
  })
})

test('a subscription that the resumed session does not have is made again', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const subscribing = client.subscribe('a')
  await first.subscribed({ epoch: 'e', offset: 4, top: 4 })
  await subscribing
  first.cut()
  const { connection } = await peer.resumed()
  expect(await connection.subscribed()).toEqual({ topic: 'a', position: { epoch: 'e', offset: 4 } })
})

test('a subscription that is not answered yet is asked for again after a resume', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const first = await peer.session()
  const subscribing = client.subscribe('a')
  await first.command('subscribe')
  first.cut()
  const { connection } = await peer.resumed()
  await connection.subscribed()
  expect(await subscribing).toMatchObject({ topic: 'a' })
  expect(connection.inbox.rest).toEqual([])
})

const returns = Object.values(CLOSE).filter(({ code }) =>
  [1001, 1011, 1013, 3001, 3010, 4001, 4008].includes(code),
)
const stays = Object.values(CLOSE).filter(({ code }) => [1000, 1009, 3500, 4501, 4529].includes(code))

test.each(returns)('after $code $reason the client comes back', async ({ code, reason }) => {
  await using peer = await ClientPeer.start()
  peer.client()
  const first = await peer.session()
  first.cut(code, reason)
  const { said } = await peer.resumed()
  expect(said).toMatchObject({ token: 't1' })
})

test.each(stays)('after $code $reason the client stays away', async ({ code, reason }) => {
  await using peer = await ClientPeer.start()
  const client = peer.client()
  const closed = once(client, 'close')
  const first = await peer.session()
  first.cut(code, reason)
  expect(await closed).toMatchObject({ code, reason, error: { code: 'lost' } })
  expect(client.state).toBe('closed')
})

test('unless told otherwise a client comes back whenever it is lost', async () => {
  await using peer = await ClientPeer.start()
  const client = connect(peer.url)
  const first = await peer.session()
  first.cut()
  const { connection: second } = await peer.resumed()
  second.cut()
  await peer.resumed()
  await client.close()
})

test('with reconnect: false a lost connection is the end', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ reconnect: false })
  const closed = once(client, 'close')
  const first = await peer.session()
  first.cut()
  expect(await closed).toMatchObject({ code: 1006 })
})

test('a client that waits for its next attempt can be closed', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ reconnect: { min: 1e6, max: 1e6 } })
  const first = await peer.session()
  const waits = once(client, 'state', state => state === 'waiting')
  first.cut()
  await waits
  await client.close()
  expect(client.state).toBe('closed')
})

test('a server that says nothing is asked, and left when it does not answer', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ heartbeat: { interval: 30, timeout: 1000 } })
  const first = await peer.session()
  first.answer(await first.command('ping'))
  first.answer(await first.command('ping'))
  await first.command('ping')
  expect(await once<Error>(client, 'error')).toMatchObject({ details: { code: 4012 } })
  const { connection } = await peer.resumed()
  expect(await first.closed).toMatchObject({ code: 4012 })
  connection.answer(await connection.command('ping'))
})

test('a connection on which no session comes about in time is given up', async () => {
  await using peer = await ClientPeer.start()
  const client = peer.client({ heartbeat: { timeout: 500 } })
  const first = await peer.connection()
  await first.command('connect')
  expect(await first.closed).toMatchObject({ code: 4012 })
  await peer.session()
  await client.ready
})

test('what is not JSON ends the connection, not the client', async () => {
  await using peer = await ClientPeer.start()
  peer.client()
  const first = await peer.session()
  first.sendText('{')
  expect(await first.closed).toMatchObject({ code: 4013 })
  await peer.resumed()
})
