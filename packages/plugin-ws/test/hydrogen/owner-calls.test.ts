/** The calls on a Hydrogen server: what crosses, what is refused, whose functions are told. */
import type { Kernel } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HYDROGEN_HANDLERS, HYDROGEN_OBSERVERS } from '../../src/hydrogen/options/index.ts'
import { hydrogen } from '../../src/hydrogen/owner/index.ts'
import { WEBSOCKET_SERVER } from '../../src/modes.ts'
import { until } from '../support/kernel.ts'
import { command, scriptedKernel, scriptedServer } from './support/scripted.ts'

let kernel: Kernel
beforeAll(async () => {
  kernel = await scriptedKernel()
})
afterAll(() => kernel.close())

type Calls = ReturnType<typeof hydrogen>
const who = { user: 'ada' }

describe('a call', () => {
  test.each<[string, (server: Calls) => Promise<unknown>, unknown[]]>([
    ['publish', s => s.publish('a.b', { x: 1 }), ['publish', 'a.b', '{"x":1}', null, null, null]],
    ['publish without data', s => s.publish('a'), ['publish', 'a', null, null, null, null]],
    [
      'publish with all there is',
      s =>
        s.publish('a', 0, {
          ack: true,
          lane: 'high',
          to: ['ada'],
          key: 'k',
          attributes: { level: 3 },
          confirm: 'any',
          timeout: 500,
          channel: 'printer',
          action: 'changed',
          signal: new AbortController().signal,
        }),
      [
        'publish',
        'a',
        '0',
        'printer',
        'changed',
        { ack: true, key: 'k', attributes: { level: 3 }, confirm: 'any', timeout: 500, lane: 1, to: ['ada'] },
      ],
    ],
    [
      'broadcast',
      s => s.broadcast({ channel: 'system', action: 'status_update', data: [1] }),
      ['broadcast', 'system', 'status_update', '[1]', null],
    ],
    [
      'broadcast to some',
      s => s.broadcast({ channel: 'c', action: 'a' }, { to: ['ada'], lane: 3, conflate: 'k' }),
      ['broadcast', 'c', 'a', null, { lane: 3, to: ['ada'], conflate: 'k' }],
    ],
    [
      'send',
      s => s.send(77, { channel: 'c', action: 'a', data: null }, { lane: 'bulk' }),
      ['broadcast', 'c', 'a', 'null', { lane: 3, fd: 77 }],
    ],
    ['disconnect', s => s.disconnect(who), ['disconnect', who, null, null, false]],
    [
      'disconnect for good',
      s => s.disconnect({ fd: 77 }, { code: 4000, reason: 'bye', end: true }),
      ['disconnect', { fd: 77 }, 4000, 'bye', true],
    ],
    [
      'refresh of permissions',
      s => s.refresh({ session: 's' }, { permissions: ['a:*'] }),
      ['refresh', { session: 's' }, ['a:*'], null],
    ],
    ['refresh of their expiry', s => s.refresh(who, { expires: 5 }), ['refresh', who, null, 5]],
    ['subscribe', s => s.subscribe(who, 'a.*.>'), ['subscribe', who, 'a.*.>']],
    ['unsubscribe', s => s.unsubscribe(who, 'a'), ['unsubscribe', who, 'a']],
    ['presence', s => s.presence('a'), ['presence', 'a']],
    ['status', s => s.status(), ['status']],
    ['metrics', s => s.metrics(), ['metrics']],
  ])('%s crosses as it is meant to', async (_name, call, wire) => {
    const { server } = await scriptedServer(kernel)
    expect(await call(server)).toEqual(wire)
  })

  test('of a history resolves with its events, data and all', async () => {
    const page = {
      topic: 'a',
      epoch: 'e',
      top: 2,
      first: 1,
      publications: [
        {
          id: 'i',
          offset: 1,
          timestamp: 't',
          channel: 'c',
          action: 'x',
          data: { n: 1 },
          attributes: { l: 1 },
        },
        { id: 'j', offset: 2, timestamp: 't', channel: 'c', action: 'x' },
      ],
    }
    const asked: unknown[] = []
    const request = async (_fd: unknown, wire: unknown): Promise<string> => {
      asked.push(wire)
      return JSON.stringify(page)
    }
    const server = hydrogen({ ...(kernel as any), request }, 0 as never)
    const { publications, ...rest } = await server.history<{ n: number }>('a', {
      from: 1,
      limit: 10,
      reverse: true,
    })
    await server.history('a')
    expect(rest).toEqual({ topic: 'a', epoch: 'e', top: 2, first: 1 })
    expect(publications.map(({ offset, data, attributes }) => [offset, data, attributes])).toEqual([
      [1, { n: 1 }, { l: 1 }],
      [2, undefined, undefined],
    ])
    expect(asked).toEqual([
      ['history', 'a', 1, 10, true],
      ['history', 'a', null, null, false],
    ])
  })

  test.each<[string, (server: Calls) => unknown, string]>([
    ['a pattern published to', s => s.publish('a.*'), 'EINVAL "a.*" is no topic'],
    ['an empty word', s => s.publish('a..b'), 'EINVAL "a..b" is no topic'],
    ['no topic', s => s.publish(7 as never), 'EINVAL a number is no topic'],
    ['data that is no JSON', s => s.publish('a', 1n), 'ETYPENOTSUPP data cannot be written as JSON'],
    [
      'a function',
      s => s.broadcast({ channel: 'c', action: 'a', data: () => {} }),
      'ETYPENOTSUPP data cannot',
    ],
    ['an unknown lane', s => s.publish('a', 1, { lane: 'fast' as never }), 'EINVAL "fast" is no lane'],
    ['a lane by the name of a method', s => s.publish('a', 1, { lane: 'toString' as never }), 'EINVAL'],
    ['one user', s => s.publish('a', 1, { to: 'ada' as never }), 'EINVAL to is a list of users'],
    ['a user without a name', s => s.broadcast({ channel: 'c', action: 'a' }, { to: [''] }), 'EINVAL to is'],
    ['an empty channel', s => s.publish('a', 1, { channel: '' }), 'EINVAL "" is no channel'],
    ['an action with a line break', s => s.publish('a', 1, { action: 'x\n' }), 'EINVAL "x\\n" is no action'],
    [
      'an event without an action',
      s => s.broadcast({ channel: 'c' } as never),
      'EINVAL undefined is no action',
    ],
    ['nobody', s => s.disconnect({}), 'EINVAL say whom'],
    ['nobody in particular', s => s.refresh({ user: undefined as never }, { expires: 1 }), 'EINVAL say whom'],
    [
      'a close code of the protocol',
      s => s.disconnect(who, { code: 1000 }),
      'EINVAL a close code of a program',
    ],
    ['nothing to refresh', s => s.refresh(who, {}), 'EINVAL say what is to change'],
    ['no pattern', s => s.subscribe(who, 'a.>.b'), 'EINVAL "a.>.b" is no pattern'],
    ['nobody to unsubscribe', s => s.unsubscribe({}, 'a'), 'EINVAL say whom'],
    ['a pattern as a topic', s => s.presence('>'), 'EINVAL ">" is no topic'],
    ['a handler without a channel', s => s.handle('', () => {}), 'EINVAL "" is no channel'],
    ['no handler', s => s.handle('c', undefined as never), 'EINVAL a handler is a function'],
    ['no listener', s => s.onTransition(7 as never), 'EINVAL a listener is a function'],
  ])('with %s is refused at once', async (_name, call, expected) => {
    const { server } = await scriptedServer(kernel)
    let refused: any
    try {
      call(server)
    } catch (error) {
      refused = error
    }
    expect(`${refused?.code} ${refused?.message}`.slice(0, expected.length)).toBe(expected)
  })

  test('of a history that is none rejects', async () => {
    const { server } = await scriptedServer(kernel)
    await expect(server.history('*')).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test('that nobody awaits and that fails goes to the error handler', async () => {
    const { server, errors, fd } = await scriptedServer(kernel)
    void server.publish('a', 1, { signal: AbortSignal.abort() })
    await until(() => errors.length === 1)
    expect(errors[0]).toMatchObject({ code: 'ECANCELED', fd })
  })
})

describe('handlers', () => {
  test('added in one turn, by several objects, do not lose each other', async () => {
    const { server, fd, order } = await scriptedServer(kernel)
    server.handle('a', () => 1)
    hydrogen(kernel, fd).handle('b', () => 2)
    const undo = server.handle('*', () => 3)
    undo()
    undo()
    server.handle('c', () => 4)
    expect(Object.keys(await order('option', HYDROGEN_HANDLERS))).toEqual(['a', 'b', 'c'])
  })

  test('that are taken away get no further commands', async () => {
    const { server, accept, say, written } = await scriptedServer(kernel)
    const undo = server.handle('print', () => 'old')
    const fd = await accept()
    await say(fd, command(), 'print')
    undo()
    server.handle('print', () => 'new')
    await say(fd, command(), 'print')
    expect((await written(2)).map(reply => (reply as unknown[])[5])).toEqual(['"old"', '"new"'])
  })

  test('of a channel that has one are refused', async () => {
    const { server } = await scriptedServer(kernel)
    server.handle('print', () => {})
    expect(() => server.handle('print', () => {})).toThrow(expect.objectContaining({ code: 'EALREADY' }))
  })

  test('are taken away in peace from what has ended', async () => {
    const own = await scriptedKernel()
    const { server, fd } = await scriptedServer(own)
    const undos = [server.handle('a', () => {}), server.onDeadLetter(() => {})]
    await own.close(fd)
    for (const undo of undos) undo()
    await own.close()
    for (const undo of undos) undo()
  })
})

describe('observers', () => {
  test('all learn of dead letters and of transitions', async () => {
    const { server, fd, say } = await scriptedServer(kernel)
    const seen: unknown[] = []
    server.onDeadLetter(letter => seen.push(letter))
    hydrogen(kernel, fd).onDeadLetter(({ id }) => seen.push(id))
    server.onTransition(transition => seen.push(transition))
    await say(fd, ['dead', 'i', 'a.b', 7, 'ada', 's', 'max_deliver', 5], 'deadLetter')
    await say(fd, ['transition', 9, 'Closing', 'Connected', 'ada'], 'transition')
    await until(() => seen.length === 3)
    expect(seen).toEqual([
      { id: 'i', topic: 'a.b', offset: 7, user: 'ada', session: 's', reason: 'max_deliver', attempts: 5 },
      'i',
      { fd: 9, to: 'Closing', from: 'Connected', user: 'ada' },
    ])
  })

  test('learn no more once they are taken away, and the last one takes the function with it', async () => {
    const { server, fd, say, order } = await scriptedServer(kernel)
    const seen: string[] = []
    const listener = (name: string) => () => void seen.push(name)
    const undos = ['first', 'second'].map(name => server.onDeadLetter(listener(name)))
    server.onTransition(listener('transition'))
    undos[0]!()
    await say(fd, ['dead', 'i', 'a', 1, 'u', 's', 'term', 1], 'deadLetter')
    await until(() => seen.length === 1)
    expect(seen).toEqual(['second'])
    undos[1]!()
    undos[1]!()
    expect(Object.keys(await order('option', HYDROGEN_OBSERVERS))).toEqual(['transition'])
  })

  test('are called beside the one that the option has', async () => {
    const { server, fd, say } = await scriptedServer(kernel)
    const seen: string[] = []
    const named = (name: string) => () => void seen.push(name)
    await kernel.setOption(fd, HYDROGEN_OBSERVERS, { deadLetter: named('option') })
    const undo = server.onDeadLetter(named('call'))
    await say(fd, ['dead', 'i', 'a', 1, 'u', 's', 'term', 1], 'deadLetter')
    await until(() => seen.length === 2)
    undo()
    await say(fd, ['dead', 'i', 'a', 1, 'u', 's', 'term', 1], 'deadLetter')
    await until(() => seen.length === 3)
    expect(seen).toEqual(['option', 'call', 'option'])
  })

  test('that fail do not keep the others from learning, and are reported', async () => {
    const { server, fd, say, errors } = await scriptedServer(kernel)
    let told = 0
    server.onTransition(() => {
      throw new Error('one')
    })
    server.onTransition(() => told++)
    await say(fd, ['transition', 9, 'Closing', 'Connected', 'ada'], 'transition')
    await until(() => errors.length === 1)
    server.onTransition(() => Promise.reject(new Error('two')))
    await say(fd, ['transition', 9, 'Closed', 'Closing', 'ada'], 'transition')
    await until(() => errors.length === 2)
    expect(told).toBe(2)
    expect(errors[0]!.message).toBe('one')
    expect((errors[1] as AggregateError).errors.map(({ message }) => message)).toEqual(['one', 'two'])
  })
})

test('the same function observes twice where it is added twice', async () => {
  const { server, fd, say } = await scriptedServer(kernel)
  let told = 0
  const listener = () => void told++
  server.onDeadLetter(listener)
  const undo = server.onDeadLetter(listener)
  await say(fd, ['dead', 'i', 'a', 1, 'u', 's', 'term', 1], 'deadLetter')
  await until(() => told === 2)
  undo()
  await say(fd, ['dead', 'i', 'a', 1, 'u', 's', 'term', 1], 'deadLetter')
  await until(() => told === 3)
})

test('calls on an fd that has ended reject', async () => {
  const fd = kernel.create(WEBSOCKET_SERVER, {})
  await kernel.close(fd)
  await expect(hydrogen(kernel, fd).status()).rejects.toMatchObject({ code: 'EBADF' })
})
