/** What external sockets are for, as small programs. */
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  EXTERNAL_COMMAND,
  EXTERNAL_EVENTFD,
  EXTERNAL_FIFO,
  EXTERNAL_INOTIFY,
  EXTERNAL_PIPE,
  EXTERNAL_SOCKETPAIR,
  EXTERNAL_WATCH_PATH,
} from '../src/index.ts'
import { externalKernel, Inbox, ISOLATIONS, Scratch } from './support/kernel.ts'

let runtime: string
const earlier = process.env.XDG_RUNTIME_DIR
beforeAll(() => {
  runtime = mkdtempSync(join(tmpdir(), 'unisock-runtime-'))
  process.env.XDG_RUNTIME_DIR = runtime
})
afterAll(() => {
  if (earlier === undefined) delete process.env.XDG_RUNTIME_DIR
  else process.env.XDG_RUNTIME_DIR = earlier
  rmSync(runtime, { recursive: true })
})

describe.each(ISOLATIONS)('over %s', isolation => {
  test('configuration is loaded again when it changes', async () => {
    using scratch = new Scratch()
    const folder = scratch.at('cfg')
    mkdirSync(folder)
    writeFileSync(join(folder, 'game.cfg'), 'old')
    await using kernel = await externalKernel(isolation)
    const log = new Inbox<string>()
    const watcher = kernel.create(
      EXTERNAL_INOTIFY,
      (_fd, { filename, action }) => {
        if (filename === 'game.cfg' && action === 'modified') log.put('reload of the main configuration')
        if (filename === 'commands.cfg' && action === 'modified') log.put('reload of the commands')
      },
      (_fd, error) => log.put(`watching failed: ${(error as NodeJS.ErrnoException).code}`),
    )
    void kernel.setOption(watcher, EXTERNAL_WATCH_PATH, folder)
    await kernel.bind(watcher, 0)
    writeFileSync(join(folder, 'game.cfg'), 'new')
    expect(await log.next()).toBe('reload of the main configuration')
    writeFileSync(join(folder, 'commands.cfg'), 'x')
    expect(await log.next()).toBe('reload of the commands')
    renameSync(folder, scratch.at('elsewhere'))
    expect(await log.next()).toBe('watching failed: ENOENT')
  })

  test('logs are looked at as they grow, and dumps as they come', async () => {
    using scratch = new Scratch()
    writeFileSync(scratch.at('runtime'), '')
    await using kernel = await externalKernel(isolation)
    const alerts = new Inbox<string>()
    const watcher = kernel.create(EXTERNAL_INOTIFY, (_fd, { filename, action }) => {
      if (filename === 'runtime' && action === 'modified') alerts.put('look for errors')
      if (/^crash_/.test(filename) && action === 'created') alerts.put(`a dump: ${filename}`)
    })
    await kernel.bind(watcher, scratch.path)
    appendFileSync(scratch.at('runtime'), 'PANIC\n')
    expect(await alerts.next()).toBe('look for errors')
    writeFileSync(scratch.at('crash_17'), '')
    expect(await alerts.find(alert => alert.startsWith('a dump'))).toBe('a dump: crash_17')
  })

  test('programs agree on maintenance by an eventfd', async () => {
    await using kernel = await externalKernel(isolation)
    const said = new Inbox<string>()
    const program = async (name: string) => {
      const coordination = kernel.create(EXTERNAL_EVENTFD, (fd, { counter_value }) => {
        if (counter_value > 0) said.put(`${name} prepares`)
        kernel.write(fd, 0)
      })
      await kernel.bind(coordination, 'coordination')
      kernel.write(coordination, 0)
      return coordination
    }
    const first = await program('first')
    await program('second')
    kernel.write(first, 1)
    expect([await said.next(), await said.next()].sort()).toEqual(['first prepares', 'second prepares'])
  })

  test('text goes through a program, by pipes or by a socketpair', async () => {
    await using kernel = await externalKernel(isolation, { commands: ['/bin/cat'] })
    for (const mode of [EXTERNAL_PIPE, EXTERNAL_SOCKETPAIR]) {
      const told = new Inbox<string>()
      const closed = Promise.withResolvers<Error | undefined>()
      const fd = kernel.create(
        mode,
        (_fd, message) => told.put('data' in message ? String(message.data) : 'it has ended'),
        (_fd, error) => closed.resolve(error),
      )
      void kernel.setOption(fd, EXTERNAL_COMMAND, '/bin/cat')
      await kernel.bind(fd, 0)
      kernel.write(fd, 'through it')
      expect(await told.next()).toBe('through it')
      kernel.end(fd)
      expect(await told.next()).toBe('it has ended')
      expect(await closed.promise).toBeUndefined()
    }
  })

  test('a named pipe takes what anybody writes into it', async () => {
    using scratch = new Scratch()
    await using kernel = await externalKernel(isolation)
    const told = new Inbox<string>()
    const fifo = kernel.create(EXTERNAL_FIFO, (_fd, { data }) => told.put(String(data)))
    await kernel.bind(fifo, scratch.at('mud_fifo'))
    appendFileSync(scratch.at('mud_fifo'), 'say hello')
    expect(await told.next()).toBe('say hello')
  })
})
