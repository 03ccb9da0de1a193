/**
 * MUD, TCP, UDP, TLS and compressed sockets as socket modes 0-9.
 * @module
 */
import {
  API_VERSION,
  definePlugin,
  flagOptions,
  sibling,
  socketOptions,
  tlsOptions,
} from '@unisock/kernel/plugin'
import * as modes from './modes.ts'
import * as netOptions from './options.ts'

export * from './modes.ts'
export { LpcClass, LpcFloat, type LpcValue } from './mudmode/values.ts'
export * from './options.ts'
export type { DatagramTo, DatagramWrite } from './owner/datagram.ts'
export type { MudMessage, MudmodeValue, MudWrite } from './owner/mud.ts'
export type {
  MsdpInput,
  MsdpValue,
  MsspValues,
  TelnetEvent,
  TelnetSettings,
  TelnetWrite,
} from './telnet/index.ts'

/** The plugin: `createKernel({ plugins: [net()] })`. */
export const net = definePlugin({
  name: 'net',
  version: '0.1.0',
  apiVersion: API_VERSION,
  ranges: {
    modes: [[0, 19]],
    options: [
      [5, 8],
      [10, 11],
      [17, 20],
      [23, 43],
    ],
  },
  modes,
  options: { ...netOptions, ...socketOptions, ...flagOptions, ...tlsOptions },
  worker: sibling('./worker', import.meta.url),
})
