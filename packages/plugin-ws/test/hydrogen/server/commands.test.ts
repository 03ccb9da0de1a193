/** Commands that the program runs: each once, and each answered. */
import { describe, expect, test } from 'vitest'
import { createHydrogenServer, type HydrogenCommand, hydrogenError } from '../../../src/index.ts'
import { ISOLATIONS, wsKernel } from '../../support/kernel.ts'
import { HydrogenPeer } from '../support/peer.ts'
import { serve } from '../support/server.ts'

const KEYS = [{ key: 'ann', user: 'ann', permissions: ['*'] }]

/** A handler whose commands are answered when the test says so. */
function held() {
  const ran: unknown[] = []
  const entered = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<unknown>()
  const print = ({ data }: HydrogenCommand): Promise<unknown> => {
    ran.push(data)
    entered.resolve()
    return answer.promise
  }
  return { ran, print, entered: entered.promise, answer: answer.resolve, fail: answer.reject }
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a command that is sent again gets the first one’s answer', async () => {
    let ran = 0
    await using serving = await serve({ isolation, handlers: { print: () => ++ran } })
    const peer = await serving.client()
    const first = await peer.command('print', 'start', 1, { id: 'a', cseq: 1 })
    const again = await peer.command('print', 'start', 1, { id: 'a', cseq: 1 })
    expect(first).toMatchObject({ re: 'a', ok: true, data: 1, cseq: 1 })
    expect(again).toEqual(first)
    expect(ran).toBe(1)
  })

  test('one whose connection is lost while it runs is answered on the next', async () => {
    const { ran, print, entered, answer } = held()
    await using serving = await serve({ isolation, handlers: { print } })
    const peer = await serving.client()
    peer.say({ type: 'command', id: 'a', channel: 'print', action: 'start', data: 1, cseq: 1 })
    await entered
    await serving.cut(peer)
    const { peer: next, answer: resumed } = await serving.resumed(peer)
    expect(resumed.cseq).toBe(1)
    answer('printed')
    expect(await next.responses.next()).toMatchObject({ re: 'a', ok: true, data: 'printed', cseq: 1 })
    expect(ran).toEqual([1])
  })

  test('one that its handler fails is told of it, and of no more than it is to know', async () => {
    const errors: Error[] = []
    await using serving = await serve({
      isolation,
      on: { error: (_fd, error) => void errors.push(error) },
      handlers: {
        print: () => {
          throw new Error('a secret of the program')
        },
        file: () =>
          Promise.reject(
            hydrogenError('out_of_paper', { message: 'Tray 2', details: { tray: 2 }, retryable: true }),
          ),
        admin: () => {
          throw hydrogenError('forbidden', { message: 'Not on Sundays' })
        },
        odd: () => 1n,
      },
    })
    const peer = await serving.client()
    expect(await peer.command('print', 'start')).toMatchObject({
      ok: false,
      error: {
        code: 'server_error',
        reason: 'server_error',
        message: 'The server failed',
        category: 'application',
        retryable: true,
      },
    })
    expect((await peer.command('file', 'read')).error).toEqual({
      code: 'out_of_paper',
      reason: 'out_of_paper',
      message: 'Tray 2',
      category: 'application',
      retryable: true,
      details: { tray: 2 },
    })
    expect((await peer.command('admin', 'stop')).error).toMatchObject({
      code: 'auth_failed',
      reason: 'forbidden',
      message: 'Not on Sundays',
      category: 'authentication',
    })
    expect((await peer.command('odd', 'one')).error.reason).toBe('server_error')
    expect(errors).toMatchObject([{ message: 'a secret of the program' }, { code: 'ETYPENOTSUPP' }])
    expect(await serving.server.metrics()).toMatchObject({ runningCommands: 0 })
  })
})

test('a command that was answered while there was no connection is answered when it is sent again', async () => {
  const { ran, print, entered, answer } = held()
  await using serving = await serve({ handlers: { print } })
  const peer = await serving.client()
  peer.say({ type: 'command', id: 'a', channel: 'print', action: 'start', data: 1, cseq: 1 })
  await entered
  await serving.cut(peer)
  answer('printed')
  await serving.measured(({ runningCommands }) => runningCommands === 0)
  const { peer: next } = await serving.resumed(peer)
  expect(await next.command('print', 'start', 1, { id: 'a', cseq: 1 })).toMatchObject({ data: 'printed' })
  expect(ran).toEqual([1])
})

test('a command that is being run is in progress, and no other one with it', async () => {
  const { ran, print, entered, answer } = held()
  await using serving = await serve({ handlers: { print } })
  const peer = await serving.client()
  peer.say({ type: 'command', id: 'a', channel: 'print', action: 'start', data: 1, cseq: 1 })
  await entered
  const again = await peer.command('print', 'start', 1, { id: 'b', cseq: 1 })
  expect(again).toMatchObject({ re: 'b', cseq: 1, error: { reason: 'in_progress', retryable: true } })
  answer('printed')
  expect(await peer.responses.next()).toMatchObject({ re: 'a', data: 'printed' })
  expect(ran).toEqual([1])
})

test('a command behind one that is missing is refused, until that has come', async () => {
  const ran: unknown[] = []
  await using serving = await serve({ handlers: { print: ({ data }) => void ran.push(data) } })
  const peer = await serving.client()
  const say = async (cseq: number) => (await peer.command('print', 'start', cseq, { cseq })).error?.reason
  expect(await say(2)).toBe('cseq_gap')
  expect([await say(1), await say(2), await say(4), await say(3), await say(4)]).toEqual([
    undefined,
    undefined,
    'cseq_gap',
    undefined,
    undefined,
  ])
  expect(ran).toEqual([1, 2, 3, 4])
})

test('a numbered command that is refused has had its turn', async () => {
  await using serving = await serve({ handlers: { print: ({ data }) => data } })
  const peer = await serving.client()
  const refused = await peer.command('file', 'read', 1, { id: 'a', cseq: 1 })
  expect(refused).toMatchObject({ cseq: 1, error: { reason: 'unknown_channel' } })
  expect(await peer.command('print', 'start', 2, { cseq: 2 })).toMatchObject({ data: 2 })
  expect(await peer.command('print', 'start', 1, { id: 'a', cseq: 1 })).toEqual(refused)
})

test('a command whose answer is no longer kept is not run again', async () => {
  let ran = 0
  await using serving = await serve({ handlers: { print: () => ++ran } })
  const peer = await serving.client()
  const say = (cseq: number) => peer.command('print', 'start', 1, { id: `a${cseq}`, cseq })
  for (let cseq = 1; cseq <= 257; cseq++) await say(cseq)
  expect((await say(1)).error.reason).toBe('response_forgotten')
  expect(await say(2)).toMatchObject({ data: 2 })
  expect(ran).toBe(257)
})

test('numbers are the session’s: they go on over its next connection', async () => {
  const ran: unknown[] = []
  await using serving = await serve({ handlers: { print: ({ data, cseq }) => void ran.push([cseq, data]) } })
  const peer = await serving.client()
  await peer.command('print', 'start', 'a', { cseq: 1 })
  const { peer: next, answer } = await serving.resumed(peer)
  expect(answer.cseq).toBe(1)
  expect((await next.command('print', 'start', 'x', { cseq: 3 })).error.reason).toBe('cseq_gap')
  await next.command('print', 'start', 'b', { cseq: 2 })
  const other = await serving.client()
  await other.command('print', 'start', 'c', { cseq: 1 })
  expect(ran).toEqual([
    [1, 'a'],
    [2, 'b'],
    [1, 'c'],
  ])
})

test('a command that nobody answers in time is answered with timed_out', async () => {
  const { print, answer } = held()
  await using serving = await serve({ handlers: { print }, limits: { commandTimeout: 0.01 } })
  const peer = await serving.client()
  const late = await peer.command('print', 'start', 1, { id: 'a', cseq: 1 })
  expect(late.error).toMatchObject({ reason: 'timed_out', retryable: true })
  answer('too late')
  await peer.settled()
  expect(peer.responses.size).toBe(0)
  expect(await peer.command('print', 'start', 1, { id: 'a', cseq: 1 })).toEqual(late)
  expect(await serving.server.metrics()).toMatchObject({ runningCommands: 0, errors: { timed_out: 1 } })
})

describe('channels', () => {
  test('have handlers; what has none is unknown, as is what the server has no verb for', async () => {
    await using serving = await serve({ handlers: { print: () => 'printed' } })
    const peer = await serving.client()
    expect(await peer.command('print', 'anything')).toMatchObject({ data: 'printed' })
    expect(await peer.command('file', 'read')).toMatchObject({
      channel: 'file',
      action: 'read',
      error: { reason: 'unknown_channel', category: 'application', retryable: false },
    })
    expect((await peer.command('system', 'reboot')).error.reason).toBe('unknown_action')
  })

  test('may be the server’s own, besides its verbs', async () => {
    await using serving = await serve({ handlers: { system: ({ action }) => `did ${action}` } })
    const peer = await serving.client()
    expect(await peer.command('system', 'reboot')).toMatchObject({ data: 'did reboot' })
    expect((await peer.command('system', 'ping')).data).toEqual({ time: expect.any(String) })
  })

  test('without any, the fd’s own handler has the commands, and answers them as it likes', async () => {
    await using serving = await serve({
      on: {
        message: (_fd, command) => {
          if (command.action === 'returned') return 'returned'
          if (command.action === 'failed') command.fail(hydrogenError('busy'))
          if (command.action === 'later') setImmediate(() => command.reply('later'))
          return undefined
        },
      },
    })
    const peer = await serving.client()
    expect((await peer.command('any', 'returned')).data).toBe('returned')
    expect((await peer.command('any', 'later')).data).toBe('later')
    expect((await peer.command('any', 'failed')).error.reason).toBe('busy')
  })

  test('change their handlers while clients are connected', async () => {
    await using serving = await serve({ handlers: { print: () => 'first' } })
    const peer = await serving.client()
    const say = async () => {
      const { data, error } = await peer.command('print', 'start')
      return data ?? error.reason
    }
    const { server } = serving
    expect(await say()).toBe('first')
    const undo = server.handle('file', () => 'file')
    await server.metrics()
    expect((await peer.command('file', 'read')).data).toBe('file')
    expect(() => server.handle('print', () => 'second')).toThrow('has a handler')
    undo()
    await server.metrics()
    expect((await peer.command('file', 'read')).error.reason).toBe('unknown_channel')
    expect(await say()).toBe('first')
    server.handle('*', ({ channel }) => `any ${channel}`)
    await server.metrics()
    expect((await peer.command('file', 'read')).data).toBe('any file')
  })
})

test('a handler is told who asks, in whose session, on which connection', async () => {
  const seen: Partial<HydrogenCommand>[] = []
  await using serving = await serve({
    handlers: {
      print({ message_type, id, channel, action, user, permissions, session, cseq, timestamp }) {
        seen.push({ message_type, id, channel, action, user, permissions, session, cseq, timestamp })
      },
    },
  })
  const peer = await serving.open()
  const { session } = await peer.connect()
  const timestamp = '2026-02-26T18:45:00.000Z'
  const response = await peer.command('print', 'start', undefined, { id: 'a', timestamp })
  expect(response).toMatchObject({ re: 'a', ok: true })
  expect(response).not.toHaveProperty('data')
  expect(seen).toEqual([
    {
      message_type: 'command',
      id: 'a',
      channel: 'print',
      action: 'start',
      user: 'ann',
      permissions: ['*'],
      session,
      cseq: 0,
      timestamp,
    },
  ])
})

test('commands of one connection come to the program in their order, whatever each waits for', async () => {
  const ran: unknown[] = []
  await using serving = await serve({
    verify: {
      handler: () => new Promise(resolve => setImmediate(resolve, { user: 'ann', permissions: ['*'] })),
    },
    handlers: { print: ({ data }) => void ran.push(data) },
  })
  const peer = await serving.client()
  const auth = { token: 'asked for' }
  const all = [1, 2, 3, 4, 5, 6].map(n => peer.command('print', 'start', n, n % 2 ? { auth } : {}))
  await Promise.all(all)
  expect(ran).toEqual([1, 2, 3, 4, 5, 6])
})

test('a command without a number is nobody’s once its connection has ended', async () => {
  const { print, entered, answer } = held()
  await using serving = await serve({ handlers: { print } })
  const peer = await serving.client()
  peer.command('print', 'start')
  await entered
  expect(await serving.server.metrics()).toMatchObject({ runningCommands: 1 })
  await serving.cut(peer)
  expect(await serving.server.metrics()).toMatchObject({ runningCommands: 0, errors: {} })
  answer('printed')
  const { peer: next } = await serving.resumed(peer)
  await next.settled()
  expect(next.responses.size).toBe(0)
})

test('a session without connect runs commands too, and cannot be resumed', async () => {
  await using serving = await serve({ handlers: { print: ({ session }) => session } })
  const peer = await serving.open()
  const { data: session } = await peer.command('print', 'start')
  expect(session).toEqual(expect.any(String))
  await serving.cut(peer)
  expect(await serving.server.metrics()).toMatchObject({ sessions: 0 })
})

test('a command may hold any JSON, and so may its answer', async () => {
  await using kernel = await wsKernel('thread')
  await using server = await createHydrogenServer(kernel, {
    at: 0,
    keys: KEYS,
    handlers: { echo: ({ data }) => ({ had: data !== undefined, data }) },
  })
  await using peer = await HydrogenPeer.connected(`ws://127.0.0.1:${server.address.port}/`)
  for (const data of [null, 0, '', false, [], {}, 'ünï ☃ \u2028', 1e300, { a: [{ b: null }] }])
    expect((await peer.command('echo', 'it', data)).data).toEqual({ had: true, data })
  expect((await peer.command('echo', 'it')).data).toEqual({ had: false })
})
