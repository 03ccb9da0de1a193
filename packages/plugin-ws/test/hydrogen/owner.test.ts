/** Commands and calls between a program and its clients. */
import type { Isolation, Kernel } from '@unisock/kernel'
import { createKernel } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../../test/support/memory-logger.ts'
import { createHydrogenServer, hydrogenError, ws } from '../../src/index.ts'
import { ISOLATIONS, type Peer, peer } from '../support/kernel.ts'

const KEY = 'a key of a client'

async function hydrogenKernel(isolation: Isolation): Promise<Kernel> {
  return createKernel({ plugins: [ws({ isolation })], logger: memoryLogger() })
}

/** A client that shows its key, and the messages that it gets. */
async function client(port: number, key = KEY) {
  const { socket, inbox, ...rest }: Peer = await peer(`ws://127.0.0.1:${port}/`, ['hydrogen-protocol'], {
    headers: { authorization: `Key ${key}` },
  })
  let last = 0
  const next = async (): Promise<any> => JSON.parse(String(await inbox.next()))
  return {
    socket,
    ...rest,
    next,
    /** Sends a command and resolves with its response, which is the next message. */
    command(channel: string, action: string, more: object = {}): Promise<any> {
      socket.send(JSON.stringify({ type: 'command', id: `c${++last}`, channel, action, ...more }))
      return next()
    },
  }
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a command is run by the handler of its channel, and answered', async () => {
    await using kernel = await hydrogenKernel(isolation)
    const server = await createHydrogenServer(kernel, {
      at: 0,
      keys: [{ key: KEY, user: 'ada' }],
      handlers: {
        print: ({ user, action, data }) => {
          if (action === 'refuse') throw hydrogenError('out_of_paper', { details: data })
          return { user, action, data }
        },
      },
    })
    await using peer = await client(server.address.port)
    expect(await peer.command('print', 'start', { data: { copies: 2 } })).toMatchObject({
      type: 'response',
      re: 'c1',
      ok: true,
      data: { user: 'ada', action: 'start', data: { copies: 2 } },
    })
    expect(await peer.command('print', 'refuse', { data: { tray: 1 } })).toMatchObject({
      ok: false,
      error: { code: 'out_of_paper', reason: 'out_of_paper', category: 'application', details: { tray: 1 } },
    })
    expect(await peer.command('scan', 'start')).toMatchObject({
      ok: false,
      error: { reason: 'unknown_channel' },
    })
  })

  test('the calls reach clients, and tell of them', async () => {
    await using kernel = await hydrogenKernel(isolation)
    const server = await createHydrogenServer(kernel, {
      at: 0,
      keys: [{ key: KEY, user: 'ada' }],
      topics: { 'printer.>': { presence: true } },
    })
    await using peer = await client(server.address.port)
    await peer.command('system', 'subscribe', { data: { topic: 'printer.3' } })
    const published = await server.publish('printer.3', { heat: 60 }, { attributes: { level: 2 } })
    expect(published).toMatchObject({ offset: 1, duplicate: false, matched: 1, queued: 1, dropped: 0 })
    expect(await peer.next()).toMatchObject({
      type: 'event',
      topic: 'printer.3',
      offset: 1,
      data: { heat: 60 },
    })
    expect(await server.broadcast({ channel: 'system', action: 'hello' })).toMatchObject({ matched: 1 })
    expect(await peer.next()).toMatchObject({ type: 'event', channel: 'system', action: 'hello' })
    expect(await server.history('printer.3')).toMatchObject({
      topic: 'printer.3',
      epoch: published.epoch,
      top: 1,
      first: 1,
      publications: [
        { id: published.id, offset: 1, channel: 'printer', action: 'message', data: { heat: 60 } },
      ],
    })
    expect(await server.presence('printer.3')).toEqual({
      connections: 1,
      users: [{ user: 'ada', connections: 1 }],
    })
    expect(await server.status()).toMatchObject({ server_running: true, active_connections: 1 })
    expect(await server.metrics()).toMatchObject({ connections: 1, sessions: 1, published: 1 })
    expect(await server.disconnect({ user: 'ada' }, { code: 4000, reason: 'bye' })).toBe(1)
    expect(await peer.closed).toEqual({ code: 4000, reason: 'bye' })
  })

  test('a command that is sent again after a resume is not run again', async () => {
    await using kernel = await hydrogenKernel(isolation)
    const runs: ((value: unknown) => void)[] = []
    const began = Promise.withResolvers<void>()
    const server = await createHydrogenServer(kernel, {
      at: 0,
      keys: [{ key: KEY, user: 'ada' }],
      handlers: {
        print: () => {
          began.resolve()
          return new Promise(resolve => runs.push(resolve))
        },
      },
    })
    await using first = await client(server.address.port)
    const { data: session } = await first.command('system', 'connect')
    first.socket.send(
      JSON.stringify({ type: 'command', id: 'p', channel: 'print', action: 'start', cseq: 1 }),
    )
    await began.promise
    first.socket.terminate()
    await using second = await client(server.address.port)
    const resumed = await second.command('system', 'resume', {
      data: { token: session.token, topics: {}, received: 0 },
    })
    expect(resumed).toMatchObject({ ok: true, data: { cseq: 1 } })
    // The program's half has seen the end of the first connection when this is answered.
    await server.metrics()
    runs[0]!('printed')
    expect(await second.next()).toMatchObject({ re: 'p', ok: true, data: 'printed', cseq: 1 })
    second.socket.send(
      JSON.stringify({ type: 'command', id: 'p', channel: 'print', action: 'start', cseq: 1 }),
    )
    expect(await second.next()).toMatchObject({ re: 'p', ok: true, data: 'printed', cseq: 1 })
    expect(runs).toHaveLength(1)
  })
})

test('a command whose worker is lost is run once: its answer comes when it is sent again, and nobody else gets it', async () => {
  await using kernel = await createKernel({
    plugins: [ws({ isolation: 'process', keeper: {} })],
    logger: memoryLogger(),
  })
  const runs = new Map<string, (value: unknown) => void>()
  let began = Promise.withResolvers<void>()
  const lost = Promise.withResolvers<void>()
  const server = await createHydrogenServer(kernel, {
    at: 0,
    keys: [
      { key: KEY, user: 'ada' },
      { key: 'another key', user: 'bob' },
    ],
    on: { close: () => lost.resolve() },
    handlers: {
      print: ({ user }) => {
        expect(runs.has(user)).toBe(false)
        return new Promise(resolve => {
          runs.set(user, resolve)
          began.resolve()
        })
      },
    },
  })
  const { port } = server.address
  const start = JSON.stringify({ type: 'command', id: 'p', channel: 'print', action: 'start', cseq: 1 })
  await using first = await client(port)
  const { data: session } = await first.command('system', 'connect')
  first.socket.send(start)
  await began.promise

  const { workers } = await kernel.inspect()
  process.kill(workers[0]!.inside!.pid, 'SIGKILL')
  await lost.promise
  await server.status()
  await using bob = await client(port, 'another key')
  began = Promise.withResolvers<void>()
  const bobs = bob.command('print', 'start')
  await began.promise
  runs.get('ada')!('for ada')
  await server.status()
  runs.get('bob')!('for bob')
  expect(await bobs).toMatchObject({ ok: true, data: 'for bob' })

  await using second = await client(port)
  const data = { token: session.token, topics: {}, received: 0 }
  expect(await second.command('system', 'resume', { data })).toMatchObject({ ok: true })
  second.socket.send(start)
  expect(await second.next()).toMatchObject({ re: 'p', ok: true, data: 'for ada', cseq: 1 })
})
