/**
 * A plugin that sends back what it is sent: the link and nothing else.
 * @module
 */
import { API_VERSION, defineMode, definePlugin, sibling, type } from '@unisock/kernel/plugin'

export const LOOP = defineMode({
  number: 90,
  name: 'LOOP',
  package: '@unisock/bench',
  family: 'loop',
  kind: 'client',
  message: type<Uint8Array>(),
  write: type<Uint8Array>(),
})

export const loop = definePlugin({
  name: 'loop',
  version: '0.0.0',
  apiVersion: API_VERSION,
  ranges: { modes: [[90, 90]], options: [] },
  modes: { LOOP },
  options: {},
  worker: sibling('./loop-worker', import.meta.url),
})
