/**
 * From the start of a process to a listening server, with the plugins there are, against as many bare workers.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Case, Contender } from '../case.ts'

/** What a boot process reports. */
export interface Booted {
  /** Milliseconds since the process began its own code. */
  readonly time: number
  /** Bytes of resident memory, of which `before` were there before the first worker. */
  readonly rss: number
  readonly before: number
}

const contender =
  (server: string): Contender =>
  async () => {
    const child = fork(new URL(`../servers/${server}.ts`, import.meta.url))
    const [{ time, rss, before }] = (await once(child, 'message')) as [Booted]
    child.kill('SIGKILL')
    return { time, memory: (rss - before) / 2 ** 20 }
  }

export const boot: Case = {
  name: 'boot',
  contenders: { unisock: contender('boot-unisock'), 'bare workers': contender('boot-bare') },
  metrics: [
    { figure: 'time', unit: 'ms', against: 'bare workers', goal: { atMost: 2.5 } },
    { figure: 'memory', unit: 'MiB', against: 'bare workers', goal: { atMost: 1.4 } },
  ],
  rounds: 9,
}
