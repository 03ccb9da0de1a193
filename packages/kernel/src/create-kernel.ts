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
import { KeeperHost } from './supervise/keeper-host.ts'
import { planWorkers } from './supervise/worker-plan.ts'

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
  const plans = planWorkers(plugins)
  const keepers: KeeperHost[] = []
  const hosts = plans.map(plan => {
    const { keeper } = plan
    const keeperHost = keeper && new KeeperHost(core, { ...plan, keeper }, restart)
    if (keeperHost) keepers.push(keeperHost)
    return new PluginHost(core, plan, keeperHost, restart)
  })
  // A worker waits for its keeper by itself.
  const started = await Promise.allSettled([...keepers, ...hosts].map(host => host.start()))
  const failure = started.find(result => result.status === 'rejected')
  if (!failure) return new Kernel(core, hosts, keepers)
  core.closing = true
  await Promise.all(hosts.map(host => host.stop(0)))
  await Promise.all(keepers.map(keeper => keeper.stop(0)))
  throw failure.reason
}
