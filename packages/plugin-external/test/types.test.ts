import { EXTERNAL_MODE, type Kernel, REST_MODE, SO_READ_WINDOW } from '@unisock/kernel'
import { expect, expectTypeOf, test } from 'vitest'
import {
  type EventfdMessage,
  EXTERNAL_COMMAND,
  EXTERNAL_EVENTFD,
  EXTERNAL_FIFO,
  EXTERNAL_INOTIFY,
  EXTERNAL_PIPE,
  EXTERNAL_SOCKETPAIR,
  EXTERNAL_WATCH_GLOBS,
  type FifoMessage,
  type ProgramMessage,
  type WatchMessage,
} from '../src/index.ts'
import { externalKernel } from './support/kernel.ts'

test('messages, writes and options follow the mode', () => {
  const program = (kernel: Kernel) => {
    const pipe = kernel.create(EXTERNAL_PIPE, (fd, message) => {
      expectTypeOf(message).toEqualTypeOf<ProgramMessage>()
      if (message.event_type === 'exit') expectTypeOf(message.exit_code).toEqualTypeOf<number | undefined>()
      else expectTypeOf(message.data).toEqualTypeOf<Buffer>()
      kernel.write(fd, 'text')
      // @ts-expect-error programs read bytes and text
      kernel.write(fd, 7)
    })
    void kernel.setOption(pipe, EXTERNAL_COMMAND, '/bin/cat')
    // @ts-expect-error a command is a path
    void kernel.setOption(pipe, EXTERNAL_COMMAND, ['/bin/cat'])
    const eventfd = kernel.create(EXTERNAL_EVENTFD, (fd, message) => {
      expectTypeOf(message).toEqualTypeOf<EventfdMessage>()
      kernel.write(fd, 5n)
    })
    // @ts-expect-error an eventfd counts
    kernel.write(eventfd, 'text')
    kernel.create(EXTERNAL_FIFO, (_fd, message) => {
      expectTypeOf(message).toEqualTypeOf<FifoMessage>()
    })
    const watch = kernel.create(EXTERNAL_INOTIFY, (_fd, message) => {
      expectTypeOf(message).toEqualTypeOf<WatchMessage>()
    })
    void kernel.setOption(watch, EXTERNAL_WATCH_GLOBS, ['*.cfg'])
    // @ts-expect-error there is nothing to write
    kernel.write(watch, 'text')
  }
  expect(program).toBeTypeOf('function')
})

test('every fd says that it is external, and options are of their own modes', async () => {
  await using kernel = await externalKernel('inline')
  for (const mode of [
    EXTERNAL_PIPE,
    EXTERNAL_SOCKETPAIR,
    EXTERNAL_FIFO,
    EXTERNAL_EVENTFD,
    EXTERNAL_INOTIFY,
  ]) {
    const fd = kernel.create(mode as typeof EXTERNAL_PIPE, {})
    expect([kernel.getOption(fd, EXTERNAL_MODE), kernel.getOption(fd, REST_MODE)]).toEqual([1, 0])
    const globs = kernel.setOption(fd, EXTERNAL_WATCH_GLOBS, [])
    if ((mode as number) === (EXTERNAL_INOTIFY as number)) await globs
    else await expect(globs).rejects.toMatchObject({ code: 'ENOPROTOOPT' })
  }
})

test('what pipes give is bulk, and their window is larger unless it is set', async () => {
  await using kernel = await externalKernel('inline')
  for (const mode of [EXTERNAL_PIPE, EXTERNAL_SOCKETPAIR, EXTERNAL_FIFO]) {
    const fd = kernel.create(mode as typeof EXTERNAL_PIPE, {})
    expect(kernel.getOption(fd, SO_READ_WINDOW)).toBe(2 ** 20)
    await kernel.setOption(fd, SO_READ_WINDOW, 4096)
    expect(kernel.getOption(fd, SO_READ_WINDOW)).toBe(4096)
  }
  expect(kernel.getOption(kernel.create(EXTERNAL_INOTIFY, {}), SO_READ_WINDOW)).toBe(2 ** 18)
})
