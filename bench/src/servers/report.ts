/**
 * What every server process does: say its port, then its CPU whenever asked.
 * @module
 */
import type { Usage } from '../server-process.ts'
import { collectAll } from './collect.ts'

export function serving(port: number): void {
  process.on('message', async () => {
    const owner = process.threadCpuUsage()
    const whole = process.cpuUsage()
    await collectAll()
    const usage: Usage = {
      owner: owner.user + owner.system,
      process: whole.user + whole.system,
      rss: process.memoryUsage.rss(),
    }
    process.send!(usage)
  })
  process.on('disconnect', () => process.exit(0))
  process.send!(port)
}

/** Keeps the owner's thread busy, as a program with state of its own would. */
export function work(microseconds: number): void {
  const until = process.hrtime.bigint() + BigInt(microseconds * 1000)
  while (process.hrtime.bigint() < until);
}
