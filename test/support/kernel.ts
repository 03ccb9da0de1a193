/** Kernels whose protocol work is in one worker named `web`, and what they log. */
import { createKernel, type Isolation, type Kernel, type Logger, type Plugin } from '@unisock/kernel'
import { http } from '@unisock/plugin-http'
import { rest } from '@unisock/plugin-rest'

/** Where a worker can be lost without its program, and be late without it. */
export const APART = ['thread', 'process'] as const satisfies Isolation[]

export interface LogLine {
  level: string
  message: string
  details: any
}

export type PluginOf = (settings: { worker: string; isolation: Isolation }) => Plugin

export async function webKernel(
  isolation: Isolation,
  ...more: PluginOf[]
): Promise<Kernel & { lines: LogLine[] }> {
  const lines: LogLine[] = []
  const at = (level: string) => (details: object, message: string) =>
    void lines.push({ level, message, details })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const settings = { worker: 'web', isolation }
  const plugins = [http, rest, ...more].map(plugin => plugin(settings))
  return Object.assign(await createKernel({ plugins, logger }), { lines })
}

/** Waits until a condition on events holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}
