/** The plugin, with a worker whose connections cannot be made while SO_ENCODING is `ascii`. */
import { type PluginSettings, sibling } from '@unisock/kernel/plugin'
import { net } from '../../src/index.ts'

export function fragileNet(settings: PluginSettings): ReturnType<typeof net> {
  const plugin = net(settings)
  return {
    ...plugin,
    definition: { ...plugin.definition, worker: sibling('./fragile-worker', import.meta.url) },
  }
}
