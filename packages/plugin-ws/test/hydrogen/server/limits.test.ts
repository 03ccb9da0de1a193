/** How much a client may ask for, and what becomes of one that asks for more. */
import {
  RATE_LIMIT_BAN,
  RATE_LIMIT_BYTES,
  RATE_LIMIT_CONNECTIONS,
  RATE_LIMIT_MESSAGES,
} from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { WS_MAX_MESSAGE_SIZE } from '../../../src/index.ts'
import { ISOLATIONS, refusedWith } from '../../support/kernel.ts'
import { HydrogenPeer } from '../support/peer.ts'
import { type Serving, serve } from '../support/server.ts'

const MB = 1024 * 1024

const refusal = ({ url }: Serving, key = 'ann') =>
  refusedWith(url, ['hydrogen-protocol'], { headers: { Authorization: `Key ${key}` } })

describe.each(ISOLATIONS)('over %s', isolation => {
  test('messages beyond RATE_LIMIT_MESSAGES are answered with 4291, and too many of them close with 4029', async () => {
    let ran = 0
    await using serving = await serve({
      isolation,
      handlers: { print: () => ++ran },
      limits: { errors: 2 },
      options: [[RATE_LIMIT_MESSAGES, { rate: 0.001, burst: 3 }]],
    })
    const peer = await serving.client()
    for (const n of [1, 2]) expect(await peer.command('print', 'start', n)).toMatchObject({ data: n })
    const answers = [3, 4, 5, 6].map(n => peer.command('print', 'start', n))
    expect(await answers[0]).toMatchObject({
      ok: false,
      error: { code: 4291, reason: 'rate_limit_messages', retryable: true, retryAfter: expect.any(Number) },
    })
    expect(await peer.closed).toEqual({ code: 4029, reason: 'rate limited' })
    expect(ran).toBe(2)
    expect((await serving.server.metrics()).errors).toEqual({ rate_limit_messages: 3 })
  })

  test('bytes beyond RATE_LIMIT_BYTES are answered with 4292', async () => {
    await using serving = await serve({
      isolation,
      handlers: { print: () => 'printed' },
      options: [[RATE_LIMIT_BYTES, { rate: 0.001, burst: 1000 }]],
    })
    const peer = await serving.client()
    expect(await peer.command('print', 'start', 'x'.repeat(400))).toMatchObject({ ok: true })
    expect(await peer.command('print', 'start', 'x'.repeat(900))).toMatchObject({
      error: { code: 4292, reason: 'rate_limit_bytes' },
    })
    expect(await peer.command('print', 'start', 'x')).toMatchObject({ ok: true })
  })

  test('connections beyond RATE_LIMIT_CONNECTIONS are refused with 429', async () => {
    await using serving = await serve({
      isolation,
      options: [[RATE_LIMIT_CONNECTIONS, { rate: 0.001, burst: 2 }]],
    })
    await serving.client()
    await serving.client()
    const { status, headers } = await refusal(serving)
    expect(status).toBe(429)
    expect(Number(headers['retry-after'])).toBeGreaterThan(900)
  })
})

describe('bans', () => {
  test('messages against the protocol shut their address out', async () => {
    await using serving = await serve({
      options: [[RATE_LIMIT_BAN, { after: 3, seconds: 60 }]],
    })
    const peer = await serving.client()
    for (let i = 0; i < 3; i++) peer.socket.send('{')
    for (let i = 0; i < 3; i++) await peer.responses.next()
    const { status, headers } = await refusal(serving)
    expect(status).toBe(429)
    expect(Number(headers['retry-after'])).toBeGreaterThan(50)
    expect(await peer.closed).toEqual({ code: 4529, reason: 'banned' })
  })

  test('wrong keys shut their address out, whoever comes next', async () => {
    await using serving = await serve({ options: [[RATE_LIMIT_BAN, { after: 2 }]] })
    expect((await refusal(serving, 'wrong')).status).toBe(401)
    expect((await refusal(serving, 'wrong too')).status).toBe(401)
    expect((await refusal(serving)).status).toBe(429)
  })

  test('are longer each time', async () => {
    await using serving = await serve({
      options: [[RATE_LIMIT_BAN, { after: 1, seconds: 1, factor: 50 }]],
    })
    expect((await refusal(serving, 'wrong')).status).toBe(401)
    const first = await refusal(serving)
    expect([first.status, Number(first.headers['retry-after'])]).toEqual([429, 1])
    for (let status = 429; status === 429; ) status = (await refusal(serving, 'wrong')).status
    const second = await refusal(serving)
    expect(second.status).toBe(429)
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(40)
  })
})

describe('the size of messages', () => {
  test.each([
    ['bytes', { bytes: 300 }, 'x'.repeat(300), 'too_long'],
    ['depth', { depth: 3 }, [[[1]]], 'too_deep'],
    [
      'keys',
      { keys: 16 },
      Object.fromEntries(Array.from('abcdefghijklm', name => [name, 1])),
      'too_many_keys',
    ],
  ])('is bounded by HYDROGEN_LIMITS.message.%s', async (_name, message, data, reason) => {
    await using serving = await serve({
      limits: { message },
      handlers: { print: () => 'printed' },
    })
    const peer = await serving.client()
    peer.command('print', 'start', data)
    expect((await peer.responses.next()).error.reason).toBe(reason)
    expect(await peer.command('print', 'start')).toMatchObject({ data: 'printed' })
  })

  test('beyond WS_MAX_MESSAGE_SIZE ends a connection with 1009, and no other', async () => {
    await using serving = await serve()
    const [peer, other] = [await serving.client(), await serving.client()]
    peer.socket.send('x'.repeat(10 * MB))
    expect(await peer.closed).toMatchObject({ code: 1009 })
    await other.settled()
  })

  test('may be 10 MB, where that is wanted', async () => {
    await using serving = await serve({
      isolation: 'thread',
      limits: { message: { bytes: 11 * MB } },
      options: [[WS_MAX_MESSAGE_SIZE, 11 * MB]],
      handlers: { file: ({ data }) => ({ length: data.length, last: data.at(-1) }) },
    })
    const peer = await serving.client()
    const { data } = await peer.command('file', 'write', `${'x'.repeat(10 * MB)}y`)
    expect(data).toEqual({ length: 10 * MB + 1, last: 'y' })
  })

  test('of fragments of two connections that come by turns is each one’s own', async () => {
    await using serving = await serve({ handlers: { print: ({ data }) => data } })
    const peers = [await serving.client(), await serving.client()]
    const texts = peers.map((_peer, i) =>
      JSON.stringify({
        type: 'command',
        id: `p${i}`,
        channel: 'print',
        action: 'start',
        data: `${i}`.repeat(90),
      }),
    )
    for (let at = 0; at < texts[0]!.length; at += 10)
      for (const [i, { socket }] of peers.entries()) {
        const text = texts[i]!
        socket.send(text.slice(at, at + 10), { fin: at + 10 >= text.length })
        await serving.server.status()
      }
    for (const [i, peer] of peers.entries())
      expect(await peer.responses.next()).toMatchObject({ re: `p${i}`, data: `${i}`.repeat(90) })
  })
})

describe('a session', () => {
  test('has so many subscriptions, and may change those it has', async () => {
    await using serving = await serve({ limits: { subscriptions: 2 } })
    const peer = await serving.client()
    await peer.subscribe('a')
    await peer.subscribe('b.>')
    await expect(peer.subscribe('c')).rejects.toMatchObject({ code: 'too_many_subscriptions' })
    await peer.subscribe('a', { lane: 1 })
    await peer.verb('unsubscribe', { topic: 'a' })
    await peer.subscribe('c')
  })

  test.each([['numbered'], ['not numbered']])('has so many commands running, %s', async how => {
    const release = Promise.withResolvers<void>()
    await using serving = await serve({
      limits: { commands: 2 },
      handlers: { print: () => release.promise },
    })
    const peer = await serving.client()
    const parts = (n: number) => (how === 'numbered' ? { cseq: n } : {})
    const running = [1, 2].map(n => peer.command('print', 'start', n, parts(n)))
    expect(await peer.command('print', 'start', 3, parts(3))).toMatchObject({
      ok: false,
      error: { reason: 'busy', retryable: true },
    })
    release.resolve()
    expect(await Promise.all(running)).toMatchObject([{ ok: true }, { ok: true }])
    expect(await peer.command('print', 'start', 4, parts(4))).toMatchObject({ ok: true })
  })
})

test('a client that has not shown who it is in time is closed with 3500', async () => {
  await using serving = await serve({
    verify: { handler: () => undefined, firstMessage: true },
    limits: { authTimeout: 1 },
  })
  const peer = await HydrogenPeer.open(serving.url, { key: '' })
  expect(await peer.closed).toEqual({ code: 3500, reason: 'unauthorized' })
})

test('a slow reader takes no more memory than its lanes, and the others nothing of their events', async () => {
  await using serving = await serve({
    topics: { 'bulk.>': { lane: 'bulk', history: false } },
    limits: { lanes: { bulk: { bytes: 200_000 } } },
  })
  const [slow, quick] = [await serving.client(), await serving.client()]
  await slow.subscribe('bulk.>')
  await quick.subscribe('bulk.>')
  slow.pause()
  const payload = 'x'.repeat(50_000)
  let published = 0
  for (let dropped = 0; dropped === 0; published++) {
    await serving.server.publish('bulk.x', { n: published, payload })
    expect((await quick.event()).data.n).toBe(published)
    const metrics = await serving.server.metrics()
    expect(metrics.queuedBytes).toBeLessThanOrEqual(200_000)
    dropped = metrics.dropped
  }
  slow.unpause()
  const seen: number[] = []
  const gaps: number[] = []
  while (seen.at(-1) !== published) {
    const { gap, offset } = await slow.event()
    if (gap) for (let missing = gap.from; missing <= gap.to; missing++) gaps.push(missing)
    if (offset !== undefined) seen.push(offset)
  }
  expect(gaps.length).toBeGreaterThan(0)
  expect([...seen, ...gaps].sort((a, b) => a - b)).toEqual(Array.from({ length: published }, (_, i) => i + 1))
})
