/** Commands whose worker is lost while they are run. */
import type { Isolation } from '@unisock/kernel'
import { expect, test } from 'vitest'
import { until } from '../support/kernel.ts'
import { command, scriptedKernel, scriptedServer } from './support/scripted.ts'

test.each<Isolation>(['thread', 'process'])(
  'an answer that comes after its %s was restarted goes to the new one, once the command is there again',
  async isolation => {
    await using kernel = await scriptedKernel(isolation)
    const ended: number[] = []
    const { server, accept, say, order, written } = await scriptedServer(kernel, {
      close: (fd: number) => void ended.push(fd),
    })
    const runs: ((value: unknown) => void)[] = []
    server.handle('print', () => new Promise(resolve => runs.push(resolve)))
    const fd = await accept()
    for (const cseq of [1, 2]) await say(fd, command({ run: cseq, cseq }), 'print')
    await say(fd, command({ run: 3, cseq: 0 }), 'print')
    await until(() => runs.length === 3)
    await expect(order('crash')).rejects.toMatchObject({ code: 'EPLUGIN' })
    await until(() => ended.includes(fd))

    const again = await accept()
    runs[2]!('to nobody')
    runs[0]!('on the listener')
    expect(await written(1)).toEqual([['reply', 1, 's', 1, true, '"on the listener"']])
    await say(again, command({ run: 70, cseq: 1 }), 'print')
    await say(again, command({ run: 71, cseq: 2 }), 'print')
    await written(2)
    await until(() => kernel.status(again as never)?.messagesIn === 2)
    runs[1]!('on the connection')
    expect((await order('written', 3)).slice(1)).toEqual([
      [again, ['reply', 70, 's', 1, true, '"on the listener"']],
      [again, ['reply', 71, 's', 2, true, '"on the connection"']],
    ])
    expect(runs).toHaveLength(3)
  },
)
