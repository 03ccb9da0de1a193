/**
 * createKernel: registers the plugins, starts their workers.
 * @module
 */
import { Core } from './core.ts'
import { SocketError } from './errors.ts'
import { Kernel } from './kernel.ts'
import { type Logger, stderrLogger } from './logger.ts'
import { isPlugin, type Plugin } from './plugin/plugin.ts'
import type { RestartPolicy } from './supervise/backoff.ts'
import { PluginHost } from './supervise/host.ts'

export interface KernelOptions {
  /** What the program speaks. A package that is installed but not given here costs nothing. */
  plugins: readonly Plugin[]
  /** @default warnings and errors to stderr */
  logger?: Logger
  /** When failed workers are restarted and when they are given up. */
  restart?: RestartPolicy
}

/**
 * Makes a kernel with its workers started.
 *
 * @throws SocketError EPLUGINLOAD when a plugin is of another API version or its worker cannot be loaded,
 *   ECONFLICT when two plugins claim the same number
 *
 * @example
 * await using kernel = await createKernel({ plugins: [http()] })
 */
export async function createKernel({
  plugins,
  logger = stderrLogger,
  restart,
}: KernelOptions): Promise<Kernel> {
  const core = new Core(logger)
  for (const plugin of plugins) {
    if (!isPlugin(plugin))
      throw new SocketError('EPLUGINLOAD', 'plugins must be called: createKernel({ plugins: [http()] })')
    core.registry.add(plugin.definition)
  }
  const hosts = groupByWorker(plugins).map(
    ([name, members]) => new PluginHost(core, name, isolationOf(name, members), members, restart),
  )
  const started = await Promise.allSettled(hosts.map(host => host.start()))
  const failure = started.find(result => result.status === 'rejected')
  if (!failure) return new Kernel(core, hosts)
  core.closing = true
  await Promise.all(hosts.map(host => host.stop(0)))
  throw failure.reason
}

function groupByWorker(plugins: readonly Plugin[]): [name: string, members: Plugin[]][] {
  const groups = new Map<string, Plugin[]>()
  for (const plugin of plugins) {
    const name = plugin.settings.worker ?? plugin.definition.name
    groups.set(name, [...(groups.get(name) ?? []), plugin])
  }
  return [...groups]
}

function isolationOf(worker: string, members: readonly Plugin[]) {
  const chosen = new Set(
    members.map(plugin => plugin.settings.isolation).filter(value => value !== undefined),
  )
  if (chosen.size <= 1) return [...chosen][0] ?? 'thread'
  throw new SocketError(
    'EPLUGINLOAD',
    `worker ${worker} cannot be ${[...chosen].join(' and ')} at once: its plugins must agree on their isolation`,
  )
}
