import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import type { Kernel } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { descendants } from '../../kernel/src/spawn/descendants.ts'
import { watchLaunches } from '../../kernel/test/support/launches.ts'
import {
  EXTERNAL_EVENTFD,
  EXTERNAL_FIFO,
  EXTERNAL_INOTIFY,
  EXTERNAL_PIPE,
  EXTERNAL_SOCKETPAIR,
} from '../src/index.ts'
import { externalKernel, opened, Scratch, shell, until } from './support/kernel.ts'

const CYCLES = 500
const AT_ONCE = 10

/** What this process has: descriptors, threads, processes with the dead among them. */
function held() {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    processes: descendants(process.pid).length,
  }
}

type Cycle = (kernel: Kernel, scratch: Scratch, i: number) => Promise<void>

const program =
  (mode: typeof EXTERNAL_PIPE): Cycle =>
  async (kernel, _scratch, i) => {
    const { fd, messages } = shell(kernel, 'read line; echo "$line"', [], mode)
    await kernel.bind(fd, 0)
    kernel.write(fd, 'hello\n')
    expect(await messages.next()).toMatchObject({ data: Buffer.from('hello\n') })
    // Some end by themselves, some are ended.
    if (i % 2 === 0) await messages.find(message => message.event_type === 'exit')
    await kernel.close(fd)
  }

const CYCLE: Readonly<Record<string, Cycle>> = {
  EXTERNAL_PIPE: program(EXTERNAL_PIPE),
  EXTERNAL_SOCKETPAIR: program(EXTERNAL_SOCKETPAIR as never),
  async EXTERNAL_FIFO(kernel, scratch, i) {
    const path = scratch.at(`pipe${i}`)
    const reader = opened(kernel, EXTERNAL_FIFO)
    await kernel.bind(reader.fd, path)
    const writer = opened(kernel, EXTERNAL_FIFO)
    await kernel.connect(writer.fd, path)
    kernel.write(writer.fd, 'x')
    await reader.messages.next()
    await Promise.all([kernel.close(reader.fd), kernel.close(writer.fd)])
  },
  async EXTERNAL_EVENTFD(kernel, _scratch, i) {
    const { fd, messages } = opened(kernel, EXTERNAL_EVENTFD)
    if (i % 2 === 0) await kernel.bind(fd, 'leaks')
    kernel.write(fd, 1)
    await messages.next()
    await kernel.close(fd)
  },
  async EXTERNAL_INOTIFY(kernel, scratch, i) {
    const { fd, messages } = opened(kernel, EXTERNAL_INOTIFY)
    await kernel.bind(fd, scratch.path)
    if (i % 10 === 0) {
      execFileSync('touch', [scratch.at(`f${i}`)])
      await messages.next()
    }
    await kernel.close(fd)
  },
}

describe('500 sockets that were opened and closed leave nothing behind', () => {
  test.each(Object.keys(CYCLE))('of mode %s', { timeout: 60_000 }, async name => {
    await using kernel = await externalKernel('thread')
    using scratch = new Scratch()
    const cycles = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, (_, j) => CYCLE[name]!(kernel, scratch, i + j)))
    }
    // The first ones load what the rest use.
    await cycles(0, 2 * AT_ONCE)
    await until(() => held().processes === 0)
    const before = held()
    await cycles(2 * AT_ONCE, CYCLES)
    await until(() => held().processes <= before.processes && held().descriptors <= before.descriptors)
    expect(held()).toEqual(before)
    expect(kernel.status()).toEqual([])
    expect((await kernel.inspect()).workers).toMatchObject([{ inside: { fds: 0 } }])
  })
})

test('a worker that is killed with sockets of all modes open leaves nothing behind', async () => {
  using launches = watchLaunches()
  await using kernel = await externalKernel('thread', undefined, {
    restart: { initialDelay: 1, intensity: 10 },
  })
  using scratch = new Scratch()
  let round = 0
  const killed = async (): Promise<void> => {
    const restarts = ++round
    const sockets = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const all = [
          shell(kernel, 'echo ready; exec sleep 1000'),
          opened(kernel, EXTERNAL_FIFO),
          opened(kernel, EXTERNAL_EVENTFD),
          opened(kernel, EXTERNAL_INOTIFY),
        ] as const
        await kernel.bind(all[0].fd, 0)
        await all[0].messages.next()
        await kernel.bind(all[1].fd, scratch.at(`pipe${i}`))
        await kernel.bind(all[2].fd, 'leaks')
        await kernel.bind(all[3].fd, scratch.path)
        return all
      }),
    )
    await launches.kill('worker')
    await until(() => kernel.metrics().workers.external!.restarts === restarts)
    await until(() => kernel.metrics().workers.external!.state === 'running')
    for (const [program] of sockets) expect(await program.closed.promise).toMatchObject({ code: 'EPLUGIN' })
    await Promise.all(sockets.flat().map(({ fd }) => kernel.close(fd)))
  }
  await killed()
  await until(() => held().processes === 0)
  const before = held()
  await killed()
  await killed()
  await until(() => held().processes === 0 && held().descriptors <= before.descriptors)
  expect(held()).toEqual(before)
})
