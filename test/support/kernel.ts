/** Kernels whose protocol work is in one worker named `web`, and what they log. */
import { createKernel, type Isolation, type Kernel, type Plugin } from '@unisock/kernel'
import { http } from '@unisock/plugin-http'
import { rest } from '@unisock/plugin-rest'
import { type LogLine, memoryLogger } from './memory-logger.ts'

export { until } from './until.ts'

/** Where a worker can be lost without its program, and be late without it. */
export const APART = ['thread', 'process'] as const satisfies Isolation[]

export type PluginOf = (settings: { worker: string; isolation: Isolation }) => Plugin

export async function webKernel(
  isolation: Isolation,
  ...more: PluginOf[]
): Promise<Kernel & { lines: LogLine[] }> {
  const logger = memoryLogger()
  const settings = { worker: 'web', isolation }
  const plugins = [http, rest, ...more].map(plugin => plugin(settings))
  return Object.assign(await createKernel({ plugins, logger }), { lines: logger.lines })
}
