/**
 * What a worker uses of its machine: memory, processor time, and how late its loop is.
 * @module
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Exposition } from './exposition.ts'

/** How often (ms) the loop is asked whether it is late. */
const RESOLUTION = 20
const QUANTILES: readonly (readonly [label: string, percentile: number])[] = [
  ['0.5', 50],
  ['0.9', 90],
  ['0.99', 99],
]

type CpuUsage = typeof process.cpuUsage

export class WorkerFacts {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION })

  constructor() {
    this.#delay.enable()
  }

  write(text: Exposition): void {
    const { used_heap_size, total_heap_size, external_memory } = getHeapStatistics()
    text.gauge('worker_heap_used_bytes', 'Heap of the worker in use.').sample(used_heap_size)
    text.gauge('worker_heap_size_bytes', 'Heap of the worker.').sample(total_heap_size)
    text
      .gauge('worker_external_memory_bytes', 'Memory of the worker beside its heap.')
      .sample(external_memory)
    text
      .gauge('process_resident_memory_bytes', 'Resident memory of the process.')
      .sample(process.memoryUsage.rss())
    const { user, system } = cpuUsage()
    text.counter('worker_cpu_seconds', 'Processor time of the worker.').sample((user + system) / 1e6)
    text.gauge(
      'worker_event_loop_delay_seconds',
      "How late the worker's loop was since the last time this was read.",
    )
    for (const [quantile, percentile] of QUANTILES)
      text.sample(this.#seconds(this.#delay.percentile(percentile)), { quantile })
    text.sample(this.#seconds(this.#delay.max), { quantile: '1' })
    this.#delay.reset()
  }

  close(): void {
    this.#delay.disable()
  }

  /** What was measured has the interval itself in it. */
  #seconds(nanoseconds: number): number {
    return this.#delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000)
  }
}

/** The thread's own, where this Node can tell; else that of its process. */
function cpuUsage(): NodeJS.CpuUsage {
  const { threadCpuUsage } = process as { threadCpuUsage?: CpuUsage }
  return threadCpuUsage ? threadCpuUsage.call(process) : process.cpuUsage()
}
