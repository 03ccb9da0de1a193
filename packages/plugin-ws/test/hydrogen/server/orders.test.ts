/** What the program asks of its server: about its users, their sessions and their connections. */
import { describe, expect, test } from 'vitest'
import { hydrogen } from '../../../src/index.ts'
import { ISOLATIONS } from '../../support/kernel.ts'
import { offsetsOf } from '../support/peer.ts'
import { serve } from '../support/server.ts'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a user has other permissions at once, and is told what it may not have any more', async () => {
    await using serving = await serve({
      isolation,
      topics: { 'news.>': { permission: 'news:read' } },
      handlers: { print: ({ permissions }) => permissions },
    })
    const peer = await serving.client()
    await peer.subscribe('news.a')
    await peer.subscribe('free')
    expect(await serving.server.refresh({ user: 'ann' }, { permissions: ['print:*'] })).toBe(1)
    expect(await peer.event()).toMatchObject({
      channel: 'system',
      action: 'revoked',
      data: { topics: ['news.a'] },
    })
    expect(await serving.server.publish('news.a', 1)).toMatchObject({ matched: 0 })
    expect(await serving.server.publish('free', 1)).toMatchObject({ matched: 1 })
    expect((await peer.command('print', 'start')).data).toEqual(['print:*'])
    expect((await peer.command('file', 'read')).error.reason).toBe('forbidden')
    await expect(peer.subscribe('news.a')).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('the program reads a history, and who is there', async () => {
    await using serving = await serve({ isolation })
    const { server } = serving
    await serving.publish('orders', 5, { attributes: { big: true } })
    const page = await server.history('orders', { from: 2, limit: 2 })
    expect(page).toMatchObject({ topic: 'orders', top: 5, first: 1, epoch: expect.any(String) })
    expect(page.publications).toMatchObject([
      { offset: 2, data: { n: 2 }, attributes: { big: true }, channel: 'orders', action: 'message' },
      { offset: 3, data: { n: 3 } },
    ])
    expect(offsetsOf((await server.history('orders', { reverse: true, limit: 2 })).publications)).toEqual([
      5, 4,
    ])
    expect(await server.history('empty')).toMatchObject({ top: 0, publications: [] })
    const peer = await serving.client()
    await peer.subscribe('orders')
    expect(await server.presence('orders')).toEqual({
      connections: 1,
      users: [{ user: 'ann', connections: 1 }],
    })
  })
})

test('a user’s connections are closed, and nobody else’s', async () => {
  await using serving = await serve()
  const [ann, too] = [await serving.client(), await serving.open()]
  const bob = await serving.client({ key: 'bob' })
  expect(await serving.server.disconnect({ user: 'ann' })).toBe(2)
  expect(await ann.closed).toEqual({ code: 3503, reason: 'disconnected' })
  expect(await too.closed).toMatchObject({ code: 3503 })
  await bob.settled()
  expect(await serving.server.disconnect({ user: 'ann' })).toBe(0)
})

test('a user is subscribed, and no longer', async () => {
  await using serving = await serve()
  const { server } = serving
  const [ann, bob] = [await serving.client(), await serving.client({ key: 'bob' })]
  expect(await server.subscribe({ user: 'ann' }, 'orders.*')).toBe(1)
  await serving.publish('orders.1', 1)
  expect(await ann.event()).toMatchObject({ topic: 'orders.1', offset: 1 })
  expect(await server.unsubscribe({ user: 'ann' }, 'orders.*')).toBe(1)
  expect(await server.unsubscribe({ user: 'ann' }, 'orders.*')).toBe(0)
  expect(await server.publish('orders.1', 1)).toMatchObject({ matched: 0 })
  await bob.settled()
  expect(bob.inbox.size).toBe(0)
})

describe('disconnect', () => {
  test('has the code and the reason of the program', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await serving.server.disconnect({ user: 'ann' }, { code: 4100, reason: 'maintenance' })
    expect(await peer.closed).toEqual({ code: 4100, reason: 'maintenance' })
  })

  test('finds a session, and a connection', async () => {
    const fds: number[] = []
    await using serving = await serve({ on: { open: fd => void fds.push(fd) } })
    const [first, second, third] = [await serving.open(), await serving.client(), await serving.client()]
    const { session } = await first.connect()
    expect(await serving.server.disconnect({ session })).toBe(1)
    expect(await first.closed).toMatchObject({ code: 3503 })
    expect(await serving.server.disconnect({ fd: fds[1]! })).toBe(1)
    expect(await second.closed).toMatchObject({ code: 3503 })
    expect(await serving.server.disconnect({ fd: fds[2]!, user: 'bob' })).toBe(0)
    await third.settled()
  })

  test('leaves the session, unless that is to end too', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await serving.server.disconnect({ user: 'ann' })
    await peer.closed
    const { peer: next } = await serving.resumed(peer)
    await serving.server.disconnect({ user: 'ann' }, { end: true })
    expect(await next.closed).toEqual({ code: 4501, reason: 'session ended' })
    await expect(serving.resumed(next)).rejects.toMatchObject({ code: 'session_unknown' })
    expect(await serving.server.metrics()).toMatchObject({ sessions: 0 })
  })

  test('ends a session that has no connection', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await serving.cut(peer)
    expect(await serving.server.disconnect({ user: 'ann' }, { end: true })).toBe(0)
    await expect(serving.resumed(peer)).rejects.toMatchObject({ code: 'session_unknown' })
  })

  test('needs somebody to be about', async () => {
    await using serving = await serve()
    expect(() => serving.server.disconnect({})).toThrow('say whom')
    expect(() => serving.server.disconnect({ user: 'ann' }, { code: 1000 })).toThrow('from 3000 to 4999')
  })
})

describe('refresh', () => {
  test('ends a user’s time', async () => {
    await using serving = await serve()
    const [ann, bob] = [await serving.client(), await serving.client({ key: 'bob' })]
    await serving.server.refresh({ user: 'ann' }, { expires: Date.now() })
    expect(await ann.closed).toEqual({ code: 4003, reason: 'token expired' })
    await bob.settled()
  })

  test('refuses what is no permission, and changes nothing', async () => {
    await using serving = await serve({ handlers: { print: ({ permissions }) => permissions } })
    const peer = await serving.client()
    for (const permissions of [['print'], ['a:b:c'], [''], ['pri*:start']])
      expect(() => serving.server.refresh({ user: 'ann' }, { permissions })).toThrow(
        expect.objectContaining({ code: 'EINVAL', message: expect.stringContaining('permissions') }),
      )
    expect((await peer.command('print', 'start')).data).toEqual(['*'])
  })

  test('reaches sessions that have no connection: what they may not read is not theirs when they are back', async () => {
    await using serving = await serve({ topics: { secret: { permission: 'secret:read' } } })
    const peer = await serving.client()
    await peer.subscribe('secret')
    await serving.cut(peer)
    expect(await serving.server.refresh({ user: 'ann' }, { permissions: ['print:*'] })).toBe(1)
    const { answer } = await serving.resumed(peer)
    expect(answer.subscriptions).toEqual([])
    expect(await serving.server.publish('secret', 1)).toMatchObject({ matched: 0 })
  })
})

describe('subscribe', () => {
  test('gives a session without a connection what it gets when it is back', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await serving.cut(peer)
    expect(await serving.server.subscribe({ user: 'ann' }, 'orders')).toBe(1)
    const { peer: next, answer } = await serving.resumed(peer)
    expect(answer.subscriptions).toEqual([{ topic: 'orders' }])
    await serving.publish('orders', 1)
    expect(await next.event()).toMatchObject({ topic: 'orders', offset: 1 })
  })

  test('changes nothing where the client has subscribed itself', async () => {
    await using serving = await serve()
    const peer = await serving.client()
    await peer.subscribe('orders')
    await serving.publish('orders', 2)
    await serving.server.subscribe({ user: 'ann' }, 'orders')
    await serving.publish('orders', 1, { first: 3 })
    expect(offsetsOf(await peer.events(3))).toEqual([1, 2, 3])
    await peer.settled()
    expect(peer.inbox.size).toBe(0)
  })

  test('takes patterns only', async () => {
    await using serving = await serve()
    expect(() => serving.server.subscribe({ user: 'ann' }, 'a..b')).toThrow('is no pattern')
    expect(() => serving.server.publish('a.*', 1)).toThrow('is no topic')
  })
})

test('an event for one connection goes to no other', async () => {
  const fds: number[] = []
  await using serving = await serve({ on: { open: fd => void fds.push(fd) } })
  const [first, second] = [await serving.client(), await serving.client()]
  expect(await serving.server.send(fds[1]!, { channel: 'game', action: 'turn', data: 7 })).toMatchObject({
    matched: 1,
  })
  expect(await second.event()).toMatchObject({ channel: 'game', action: 'turn', data: 7 })
  await first.settled()
  expect(first.inbox.size).toBe(0)
})

test('any code that has the fd can make the same calls', async () => {
  await using serving = await serve()
  const peer = await serving.client()
  await peer.subscribe('orders')
  await hydrogen(serving.kernel, serving.server.fd).publish('orders', 1)
  expect(await peer.event()).toMatchObject({ data: 1 })
})
