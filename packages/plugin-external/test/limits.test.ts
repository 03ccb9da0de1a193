import { expect, test } from 'vitest'
import {
  EXTERNAL_CPU_LIMIT,
  EXTERNAL_FILE_LIMIT,
  EXTERNAL_MEMORY_LIMIT,
  EXTERNAL_PROCESS_LIMIT,
  EXTERNAL_USER,
} from '../src/index.ts'
import { externalKernel, ISOLATIONS, ROOT, shell, textOf } from './support/kernel.ts'

/** What the system says of a process's limits, by their names. */
function limitsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').flatMap(line => {
      const found = /^Max (.+?) {2,}(\S+) +(\S+)/.exec(line)
      return found ? [[found[1]!, `${found[2]} ${found[3]}`]] : []
    }),
  )
}

test.each(ISOLATIONS)(
  'a program over %s has the limits it is given from its first instruction on',
  async isolation => {
    await using kernel = await externalKernel(isolation)
    const { fd, messages } = shell(kernel, 'cat /proc/self/limits; echo end', [
      [EXTERNAL_CPU_LIMIT, 77],
      [EXTERNAL_MEMORY_LIMIT, 500_000_000],
      [EXTERNAL_FILE_LIMIT, 55],
      [EXTERNAL_PROCESS_LIMIT, 4444],
      ...(ROOT ? ([[EXTERNAL_USER, 'nobody']] as const) : []),
    ])
    await kernel.bind(fd, 0)
    expect(limitsIn(await textOf(messages, 'stdout', text => text.endsWith('end\n')))).toMatchObject({
      'cpu time': '77 77',
      'address space': '500000000 500000000',
      'open files': '55 55',
      processes: '4444 4444',
      'core file size': '0 0',
    })
  },
)

test('a program that uses up its processor time is ended', async () => {
  await using kernel = await externalKernel('thread')
  const { fd, messages, closed } = shell(kernel, 'while :; do :; done', [[EXTERNAL_CPU_LIMIT, 1]])
  await kernel.bind(fd, 0)
  expect(await messages.next()).toMatchObject({ event_type: 'exit', signal_number: expect.any(Number) })
  expect(await closed.promise).toMatchObject({ code: 'EEXIT' })
})

test('a program that wants more memory than it may have does not get it', async () => {
  await using kernel = await externalKernel('inline')
  const { fd, messages } = shell(kernel, 'x=y; while :; do x=$x$x; done', [
    [EXTERNAL_MEMORY_LIMIT, 50_000_000],
  ])
  await kernel.bind(fd, 0)
  const exit = await messages.find(message => message.event_type === 'exit')
  expect(exit).not.toMatchObject({ exit_code: 0 })
})
