/**
 * What a plugin worker is started with.
 * @module
 */
import type { StartOptions } from '../worker/control.ts'
import type { WorkerPlan } from './worker-plan.ts'

export function startOptions({ plugins, isolation, keeper, storeLimits }: WorkerPlan): StartOptions {
  const options = plugins.flatMap(plugin => plugin.definition.options)
  return {
    plugins: plugins.map(({ definition }) => ({
      name: definition.name,
      worker: definition.worker.href,
      modes: definition.modes.map(mode => mode.number),
    })),
    defaults: options
      .filter(option => option.default !== undefined)
      .map(option => [option.number, option.default] as const),
    appending: options.filter(option => option.journal === 'append').map(option => option.number),
    hosted: isolation !== 'process',
    store: storeLimits ? { kept: keeper !== undefined, limits: storeLimits } : null,
  }
}
