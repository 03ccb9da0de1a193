/**
 * Programs, named pipes, eventfds and watched files as socket modes 40-44.
 * @module
 */
import {
  API_VERSION,
  definePlugin,
  flagOptions,
  type Plugin,
  PluginConfig,
  type PluginSettings,
  sibling,
  socketOptions,
} from '@unisock/kernel/plugin'
import * as modes from './modes.ts'
import * as externalOptions from './options.ts'
import { type ExternalPermits, permitsWire } from './permits/lists.ts'

export * from './modes.ts'
export * from './options.ts'
export type { FifoMessage, ProgramData, ProgramExit, ProgramMessage } from './owner/message.ts'
export type { EventfdMessage, EventfdWrite } from './owner/signal.ts'
export type { WatchAction, WatchMessage } from './owner/watch.ts'
export type { ArgumentPattern, CommandPermit, ExternalPermits } from './permits/lists.ts'

const plugin = definePlugin({
  name: 'external',
  version: '0.1.0',
  apiVersion: API_VERSION,
  ranges: {
    modes: [[40, 49]],
    options: [
      [140, 149],
      [156, 159],
      [180, 199],
    ],
  },
  modes,
  options: { ...externalOptions, ...socketOptions, ...flagOptions },
  worker: sibling('./worker', import.meta.url),
})

/** Where the plugin runs, and what its sockets may run and open: nothing, unless it is listed. */
export interface ExternalSettings extends PluginSettings, ExternalPermits {}

/** The plugin as a program gives it to its kernel, and keeps it to change the lists. */
export interface ExternalPlugin extends Plugin {
  /**
   * Replaces both lists: calls made afterwards go by the new ones. What runs or is open already stays.
   *
   * @throws SocketError EINVAL for what can be no list
   */
  permit(permits: ExternalPermits): void
}

/** The plugin: `createKernel({ plugins: [external({ commands: ['/usr/bin/sort'], paths: ['/srv/data'] })] })`. */
export function external({ commands, paths, ...settings }: ExternalSettings = {}): ExternalPlugin {
  const config = new PluginConfig(permitsWire({ commands, paths }))
  return { ...plugin(settings), config, permit: permits => config.replace(permitsWire(permits)) }
}
