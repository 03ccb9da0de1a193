/** Commands from a worker to the program, and answers back. */
import type { Kernel } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hydrogenError } from '../../src/hydrogen/owner/index.ts'
import type { ReplyWire } from '../../src/hydrogen/wire.ts'
import { until } from '../support/kernel.ts'
import { command, scriptedKernel, scriptedServer } from './support/scripted.ts'

let kernel: Kernel
beforeAll(async () => {
  kernel = await scriptedKernel()
})
afterAll(() => kernel.close())

const errorOf = (reply: unknown): any => JSON.parse((reply as ReplyWire)[5]!)

describe('a command', () => {
  test('tells what it is, who sent it and where from', async () => {
    const { server, accept, say, written } = await scriptedServer(kernel)
    const seen: object[] = []
    server.handle('print', command => {
      const { message_type, id, channel, action, data, timestamp, cseq, user, permissions, session, fd } =
        command
      seen.push({ message_type, id, channel, action, data, timestamp, cseq, user, permissions, session, fd })
    })
    const fd = await accept()
    await say(fd, ['identity', 's', 'ada', ['print:*']])
    await say(fd, command({ run: 5, cseq: 2, data: '{"copies":3}' }), 'print')
    await written(1)
    expect(seen).toEqual([
      {
        message_type: 'command',
        id: 'id-5',
        channel: 'print',
        action: 'start',
        data: { copies: 3 },
        timestamp: '2026-02-26T18:45:00.000Z',
        cseq: 2,
        user: 'ada',
        permissions: ['print:*'],
        session: 's',
        fd,
      },
    ])
  })

  test('is from whom the worker said last', async () => {
    const { server, accept, say, written } = await scriptedServer(kernel)
    server.handle('print', ({ user, data }) => [user, data])
    const fd = await accept()
    await say(fd, ['identity', 's', 'ada', []])
    await say(fd, command(), 'print')
    await say(fd, ['identity', 's', 'bob', []])
    await say(fd, command(), 'print')
    expect((await written(2)).map(reply => (reply as ReplyWire)[5])).toEqual(['["ada",null]', '["bob",null]'])
  })

  test.each<[string, () => unknown, string | null]>([
    ['a value', () => ({ job: 7 }), '{"job":7}'],
    ['nothing', () => {}, null],
    ['null', () => null, 'null'],
    ['a promise', async () => [1, 2], '[1,2]'],
  ])('is answered with what its handler returns: %s', async (_name, handler, text) => {
    const { server, accept, say, written } = await scriptedServer(kernel)
    server.handle('print', handler)
    const fd = await accept()
    await say(fd, command({ run: 9, cseq: 4 }), 'print')
    expect(await written(1)).toEqual([['reply', 9, 's', 4, true, text]])
  })

  test('is answered once, by whatever comes first', async () => {
    const { server, accept, say, written, errors } = await scriptedServer(kernel)
    const answers: boolean[] = []
    server.handle('print', command => {
      answers.push(command.reply('first'), command.reply('second'), command.fail(hydrogenError('busy')))
      return 'third'
    })
    const fd = await accept()
    await say(fd, command(), 'print')
    await say(fd, command({ run: 2 }), 'print')
    expect((await written(2)).map(reply => (reply as ReplyWire)[5])).toEqual(['"first"', '"first"'])
    expect(answers).toEqual([true, false, false, true, false, false])
    expect(errors).toEqual([])
  })

  test('that goes to no handler of a channel goes to the message handler, which answers when it likes', async () => {
    const commands: any[] = []
    const { accept, say, written } = await scriptedServer(kernel, {
      message: (_fd: number, message: unknown) => {
        commands.push(message)
      },
    })
    const fd = await accept()
    await say(fd, command({ run: 1 }))
    await say(fd, command({ run: 2 }))
    await until(() => commands.length === 2)
    commands[1].reply('later')
    commands[0].fail(hydrogenError('busy'))
    const [second, first] = (await written(2)) as ReplyWire[]
    expect(second).toEqual(['reply', 2, 's', 0, true, '"later"'])
    expect(first!.slice(0, 5)).toEqual(['reply', 1, 's', 0, false])
  })

  test('is answered with what the message handler returns, unless that is nothing', async () => {
    const { accept, say, written } = await scriptedServer(kernel, {
      message: async (_fd: number, { action }: { action: string }) =>
        action === 'silent' ? undefined : action,
    })
    const fd = await accept()
    await say(fd, command({ run: 1, action: 'silent' }))
    await say(fd, command({ run: 2, action: 'loud' }))
    expect(await written(1)).toEqual([['reply', 2, 's', 0, true, '"loud"']])
  })

  test('that nobody takes is answered so', async () => {
    const { accept, say, written } = await scriptedServer(kernel)
    const fd = await accept()
    await say(fd, command())
    expect(errorOf((await written(1))[0])).toMatchObject({
      reason: 'unknown_channel',
      category: 'application',
    })
  })
})

describe('a handler that fails', () => {
  test.each([
    [
      'of the table',
      () => hydrogenError('forbidden'),
      {
        code: 'auth_failed',
        reason: 'forbidden',
        message: 'Not permitted',
        category: 'authentication',
        retryable: false,
      },
    ],
    [
      'of the table with more to say',
      () => hydrogenError('busy', { message: 'In a minute', retryAfter: 60_000, retryable: false }),
      {
        code: 'busy',
        reason: 'busy',
        message: 'In a minute',
        category: 'application',
        retryable: false,
        retryAfter: 60_000,
      },
    ],
    [
      'of the program',
      () => hydrogenError('out_of_paper', { details: { tray: 2 }, field: 'tray' }),
      {
        code: 'out_of_paper',
        reason: 'out_of_paper',
        message: 'out_of_paper',
        category: 'application',
        retryable: false,
        field: 'tray',
        details: { tray: 2 },
      },
    ],
  ])('with an error %s tells the client, and nobody else', async (_name, error, wire) => {
    const { server, accept, say, written, errors } = await scriptedServer(kernel)
    server.handle('print', () => {
      throw error()
    })
    server.handle('scan', async () => {
      throw error()
    })
    const fd = await accept()
    await say(fd, command(), 'print')
    await say(fd, command(), 'scan')
    const replies = await written(2)
    expect(replies.map(reply => (reply as ReplyWire)[4])).toEqual([false, false])
    expect(replies.map(errorOf)).toEqual([wire, wire])
    expect(errors).toEqual([])
  })

  test.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('the database is at /var/secret')
      },
      '/var/secret',
    ],
    ['rejects', () => Promise.reject(new Error('the password is tiger')), 'tiger'],
    ['returns what JSON cannot say', () => ({ big: 1n }), 'BigInt'],
    ['returns a function', () => () => {}, 'a function'],
    ['makes an error with such details', () => hydrogenError('x', { details: 1n }), 'BigInt'],
    ['makes an error without a code', () => hydrogenError(''), 'the code of an error'],
  ])('otherwise (%s) is a server_error to the client, and reported', async (_name, handler, message) => {
    const { server, accept, say, written, errors } = await scriptedServer(kernel)
    server.handle('print', handler)
    const fd = await accept()
    await say(fd, command(), 'print')
    const [reply] = await written(1)
    expect(errorOf(reply)).toEqual({
      code: 'server_error',
      reason: 'server_error',
      message: 'The server failed',
      category: 'application',
      retryable: true,
    })
    await until(() => errors.length === 1)
    expect(errors[0]!.message).toContain(message)
  })

  test('after it has answered is reported all the same', async () => {
    const { server, accept, say, written, errors } = await scriptedServer(kernel)
    server.handle('print', command => {
      command.reply('done')
      throw hydrogenError('busy', { message: 'too late' })
    })
    const fd = await accept()
    await say(fd, command(), 'print')
    expect(await written(1)).toEqual([['reply', 1, 's', 0, true, '"done"']])
    await until(() => errors.length === 1)
    expect(errors[0]!.message).toBe('too late')
  })

  test('by saying so with an error that is none of the client’s business reports it', async () => {
    const { server, accept, say, written, errors } = await scriptedServer(kernel)
    server.handle('print', command => void command.fail('out of luck'))
    const fd = await accept()
    await say(fd, command(), 'print')
    expect(errorOf((await written(1))[0]).reason).toBe('server_error')
    expect(errors.map(({ message }) => message)).toEqual(['out of luck'])
  })

  test('is not asked again where what it would have replied with was refused', async () => {
    const { server, accept, say, written } = await scriptedServer(kernel)
    server.handle('print', command => {
      expect(() => command.reply(1n)).toThrow(expect.objectContaining({ code: 'ETYPENOTSUPP' }))
      return 'fine'
    })
    const fd = await accept()
    await say(fd, command(), 'print')
    expect(await written(1)).toEqual([['reply', 1, 's', 0, true, '"fine"']])
  })
})

describe('a command that comes again', () => {
  /** A server whose handler counts its runs and answers when it is told to. */
  const counting = async () => {
    const at = await scriptedServer(kernel)
    const runs: { answer(value: unknown): void }[] = []
    at.server.handle('print', () => new Promise(answer => runs.push({ answer })))
    return { ...at, runs }
  }

  test('is not run again: its answer goes to where it came from last', async () => {
    const { accept, say, written, order, runs } = await counting()
    const [first, second] = [await accept(), await accept()]
    await say(first, command({ run: 1, cseq: 1 }), 'print')
    await until(() => runs.length === 1)
    await say(second, command({ run: 8, cseq: 1 }), 'print')
    runs[0]!.answer('printed')
    await written(1)
    await say(first, command({ run: 9, cseq: 1 }), 'print')
    await written(2)
    expect(await order('written', 2)).toEqual([
      [second, ['reply', 8, 's', 1, true, '"printed"']],
      [first, ['reply', 9, 's', 1, true, '"printed"']],
    ])
    expect(runs).toHaveLength(1)
  })

  test('is another one in another session, with another number, or without one', async () => {
    const { accept, say, runs } = await counting()
    const fd = await accept()
    for (const parts of [{ cseq: 1 }, { cseq: 1, session: 't' }, { cseq: 2 }, { cseq: 0 }, { cseq: 0 }])
      await say(fd, command(parts), 'print')
    await until(() => runs.length === 5)
  })

  test('is run again once the worker says that its answer is kept or its session over', async () => {
    const { fd: listener, accept, say, runs } = await counting()
    const fd = await accept()
    await say(fd, command({ cseq: 1 }), 'print')
    await say(fd, command({ cseq: 1, session: 't' }), 'print')
    await until(() => runs.length === 2)
    await say(listener, ['kept', ['s', 1]])
    await say(listener, ['ended', 't'])
    await say(fd, command({ cseq: 1 }), 'print')
    await say(fd, command({ cseq: 1, session: 't' }), 'print')
    await until(() => runs.length === 4)
  })

  test('costs no credit, like all that is for nobody but the kernel', async () => {
    const { fd: listener, accept, say, written, runs } = await counting()
    const fd = await accept()
    await say(fd, command({ cseq: 1 }), 'print')
    await until(() => runs.length === 1)
    runs[0]!.answer(null)
    await written(1)
    const data = JSON.stringify('x'.repeat(60_000))
    for (let run = 2; run < 20; run++) {
      expect(await say(fd, command({ run, cseq: 1, data }), 'print')).toBe(true)
      expect(await say(fd, ['identity', 's', 'u', [data]])).toBe(true)
      expect(await say(listener, ['ended', data])).toBe(true)
      expect(await say(listener, ['kept', [data, 1]])).toBe(true)
    }
    expect(runs).toHaveLength(1)
  })
})
