/**
 * What every server process does: say its port, then its CPU whenever asked.
 * @module
 */
import type { Usage } from '../server-process.ts'

export function serving(port: number): void {
  process.on('message', () => process.send!(usage()))
  process.on('disconnect', () => process.exit(0))
  process.send!(port)
}

function usage(): Usage {
  const owner = process.threadCpuUsage()
  const whole = process.cpuUsage()
  globalThis.gc?.()
  return {
    owner: owner.user + owner.system,
    process: whole.user + whole.system,
    rss: process.memoryUsage.rss(),
  }
}

/** Keeps the owner's thread busy, as a program with state of its own would. */
export function work(microseconds: number): void {
  const until = process.hrtime.bigint() + BigInt(microseconds * 1000)
  while (process.hrtime.bigint() < until);
}
