/**
 * From the configuration to a server: mode, options, address.
 * @module
 */
import {
  type AnyOption,
  SO_IPV6ONLY,
  SO_MAX_CONNECTIONS,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
} from '@unisock/kernel/plugin'
import { HYDROGEN_CONFIG } from '../options/config.ts'
import type { HydrogenConfig } from './types.ts'

export interface AppliedConfig {
  /** WEBSOCKET_SERVER or WEBSOCKET_SECURE_SERVER. */
  readonly mode: 30 | 32
  readonly options: readonly (readonly [option: AnyOption, value: unknown])[]
  readonly bind: { readonly host: string; readonly port: number }
  /** What is not as the configuration has it, for the log. */
  readonly notices: readonly string[]
}

export function applyConfig(config: HydrogenConfig): AppliedConfig {
  const { SecureMode, CertificatePath, KeyPath, MaxConnections, ThreadPoolSize, Port } = config
  const host = hostOf(config)
  const options: [AnyOption, unknown][] = [
    [HYDROGEN_CONFIG, { WebSocketServer: config }],
    [SO_MAX_CONNECTIONS, MaxConnections],
  ]
  if (host === '::') options.push([SO_IPV6ONLY, false])
  if (SecureMode === 'tls') options.push([TLS_CERTIFICATE, CertificatePath], [TLS_PRIVATE_KEY, KeyPath])
  const notices =
    ThreadPoolSize > 1
      ? [`ThreadPoolSize is ${ThreadPoolSize}: a server has one worker, and goes on with that`]
      : []
  return { mode: SecureMode === 'tls' ? 32 : 30, options, bind: { host, port: Port }, notices }
}

/** `0.0.0.0` is every address: with IPv6, of either family. */
function hostOf({ Interface, EnableIPv6 }: HydrogenConfig): string {
  return EnableIPv6 && Interface === '0.0.0.0' ? '::' : Interface
}
