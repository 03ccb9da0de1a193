/**
 * What a program writes, read through the kernel and by node:child_process.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createKernel } from '@unisock/kernel'
import { EXTERNAL_ARGS, EXTERNAL_COMMAND, EXTERNAL_PIPE, external } from '@unisock/plugin-external'
import type { Case, Contender, Figures, RunOptions } from '../case.ts'

const HEAD = '/usr/bin/head'

/** Reads so many bytes once to warm up, and measures the second time. */
async function measured({ quick }: RunOptions, read: (bytes: number) => Promise<number>): Promise<Figures> {
  const bytes = quick ? 500_000_000 : 2_000_000_000
  await read(bytes / 10)
  const cpu = process.threadCpuUsage()
  const started = performance.now()
  const seen = await read(bytes)
  if (seen !== bytes) throw new Error(`${seen} of ${bytes} bytes were read`)
  const { user, system } = process.threadCpuUsage(cpu)
  const megabytes = bytes / 1e6
  return {
    'MB/s': megabytes / ((performance.now() - started) / 1000),
    'owner-cpu': (user + system) / megabytes,
  }
}

const throughKernel: Contender = async options => {
  const commands = [{ path: HEAD, args: ['-c', /\d+/, '/dev/zero'] }]
  await using kernel = await createKernel({ plugins: [external({ commands })] })
  return await measured(options, async bytes => {
    let seen = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const fd = kernel.create(
      EXTERNAL_PIPE,
      (_fd, told) => {
        if ('data' in told) seen += told.data.length
      },
      () => resolve(),
    )
    void kernel.setOption(fd, EXTERNAL_COMMAND, HEAD)
    void kernel.setOption(fd, EXTERNAL_ARGS, ['-c', String(bytes), '/dev/zero'])
    await kernel.bind(fd, 0)
    await promise
    return seen
  })
}

const childProcess: Contender = options =>
  measured(options, async bytes => {
    let seen = 0
    const child = spawn(HEAD, ['-c', String(bytes), '/dev/zero'], { stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.on('data', (chunk: Buffer) => (seen += chunk.length))
    await once(child, 'close')
    return seen
  })

export const externalPipe: Case = {
  name: 'external-pipe',
  contenders: { unisock: throughKernel, child_process: childProcess },
  metrics: [{ figure: 'MB/s', unit: 'MB/s', against: 'child_process', goal: { atLeast: 0.8 } }],
  rounds: 5,
}
