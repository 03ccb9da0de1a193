/** What a messaging server is to have, and no other test of this folder shows by itself. */
import { createKernel, RATE_LIMIT_MESSAGES } from '@unisock/kernel'
import { HTTP_SERVER, http } from '@unisock/plugin-http'
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import {
  type DeadLetter,
  HYDROGEN_KEYS,
  hydrogen,
  WEBSOCKET_SERVER,
  WS_PROTOCOL,
  ws,
} from '../../../src/index.ts'
import { refusedWith } from '../../support/kernel.ts'
import { HydrogenPeer } from '../support/peer.ts'
import { serve } from '../support/server.ts'

test('a command, its response, an event and its ack are the four messages there are', async () => {
  await using serving = await serve({
    topics: { jobs: { ack: true } },
    handlers: { print: () => 'printed' },
  })
  const peer = await serving.client()
  await peer.subscribe('jobs')
  expect(await peer.command('print', 'start')).toMatchObject({ type: 'response', data: 'printed' })
  const published = serving.server.publish('jobs', 'boat', { confirm: 'all' })
  const event = await peer.event()
  expect(event).toMatchObject({ type: 'event', data: 'boat', ack: true })
  peer.ack(event)
  expect(await published).toMatchObject({ confirmed: 1 })
  peer.say({ ...event, type: 'note' })
  expect(await peer.responses.next()).toMatchObject({ ok: false, error: { field: 'type' } })
})

test('a connection that is gone leaves its session, which ends in its time with all that was on its way', async () => {
  const letters: DeadLetter[] = []
  await using serving = await serve({
    topics: { jobs: { ack: true, presence: true } },
    session: { ttl: 1 },
    observers: { deadLetter: letter => void letters.push(letter) },
  })
  const peer = await serving.client()
  await peer.subscribe('jobs')
  await peer.subscribe('jobs.>')
  await serving.server.publish('jobs', 'boat')
  await peer.event()
  await serving.cut(peer)
  expect(await serving.server.metrics()).toMatchObject({ subscriptions: 0, sessions: 1, unacked: 1 })
  expect(await serving.server.presence('jobs')).toEqual({ connections: 0, users: [] })
  const after = await serving.measured(({ sessions }) => sessions === 0)
  expect(after).toMatchObject({ connections: 0, queuedBytes: 0, unacked: 0, expired: 1 })
  expect(letters).toMatchObject([{ topic: 'jobs', user: 'ann', reason: 'session' }])
  expect(serving.kernel.status()).toMatchObject([{ fd: serving.server.fd }])
})

test('errors are of four categories, and say whether to try again', async () => {
  await using serving = await serve({
    keys: [{ key: 'ann', user: 'ann', permissions: ['print:*'] }],
    handlers: { file: () => 'read' },
    options: [[RATE_LIMIT_MESSAGES, { rate: 0.001, burst: 4 }]],
  })
  const peer = await serving.client()
  peer.say('{')
  const answers = [
    await peer.responses.next(),
    await peer.command('file', 'read'),
    await peer.command('print', 'start'),
    await peer.command('print', 'start'),
  ]
  expect(
    answers.map(({ ok, error: { category, code, retryable } }) => [ok, category, code, retryable]),
  ).toEqual([
    [false, 'protocol', 'invalid_message', false],
    [false, 'authentication', 'auth_failed', false],
    [false, 'application', 'unknown_channel', false],
    [false, 'connection', 4291, true],
  ])
})

test('who is refused is in the log, with the reason and the address, and without what was shown', async () => {
  await using serving = await serve()
  const shown = 'not the key'
  expect(
    (await refusedWith(serving.url, ['hydrogen-protocol'], { headers: { Authorization: `Key ${shown}` } }))
      .status,
  ).toBe(401)
  const refused = () => serving.lines.find(({ message }) => message === 'refused a handshake')
  const line = await vi.waitUntil(refused)
  expect(line).toMatchObject({
    level: 'debug',
    details: { status: 401, reason: expect.any(String), address: '127.0.0.1' },
  })
  expect(JSON.stringify(serving.lines)).not.toContain(shown)
})

test('a key in the address opens nothing', async () => {
  await using serving = await serve()
  expect((await refusedWith(`${serving.url}?key=ann`, ['hydrogen-protocol'])).status).toBe(401)
})

test('one port serves hydrogen-protocol beside another subprotocol, and HTTP', async () => {
  await using kernel = await createKernel({ plugins: [http({ worker: 'web' }), ws({ worker: 'web' })] })
  const web = kernel.create(HTTP_SERVER, (fd, { path }) => void kernel.write(fd, `this is ${path}`))
  const { port } = await kernel.bind(web, 0)
  await kernel.listen(web)
  const live = kernel.create(WEBSOCKET_SERVER, (fd, { data }) => void kernel.write(fd, `heard ${data}`))
  await kernel.setOption(live, WS_PROTOCOL, ['hydrogen-protocol', 'chat'])
  await kernel.setOption(live, HYDROGEN_KEYS, ['ann'])
  hydrogen(kernel, live).handle('print', () => 'printed')
  await kernel.bind(live, { on: web, path: '/live' })
  await kernel.listen(live)

  expect(await (await fetch(`http://127.0.0.1:${port}/page`)).text()).toBe('this is /page')
  await using peer = await HydrogenPeer.connected(`ws://127.0.0.1:${port}/live`, { key: 'ann' })
  expect(await peer.command('print', 'start')).toMatchObject({ data: 'printed' })
  const chat = new WebSocket(`ws://127.0.0.1:${port}/live`, 'chat')
  chat.on('open', () => chat.send('hello'))
  expect(await new Promise(resolve => chat.on('message', data => resolve(String(data))))).toBe('heard hello')
  chat.terminate()
})
