/**
 * Reading the configuration.
 * @module
 */
import { type Environment, variableOf } from './environment.ts'
import { CONFIG_KEYS, isConfigKey } from './keys.ts'
import { type ConfigEntry, entriesOf } from './source.ts'
import { type ConfigSource, DEFAULT_CONFIG, type HydrogenConfig } from './types.ts'

/**
 * The configuration, whole. Where a value is `null`, or a variable that the environment does not have or that is empty,
 * the default holds.
 *
 * @throws {Error} naming the key, and in a text the line.
 */
export function readConfig(source: ConfigSource, environment: Environment = process.env): HydrogenConfig {
  const given: Partial<Record<keyof HydrogenConfig, unknown>> = {}
  for (const entry of entriesOf(source)) {
    const { key, place } = entry
    if (!isConfigKey(key))
      throw new Error(`${place}: no such key; there are ${Object.keys(CONFIG_KEYS).join(', ')}`)
    if (Object.hasOwn(given, key)) throw new Error(`${place}: stands there twice`)
    given[key] = resolve(entry, key, environment)
  }
  const config = { ...DEFAULT_CONFIG, ...defined(given) } as HydrogenConfig
  if (given.SecureMode === undefined && (config.CertificatePath ?? config.KeyPath) !== undefined)
    config.SecureMode = 'tls'
  return checked(config)
}

function resolve(
  { value, place }: ConfigEntry,
  key: keyof HydrogenConfig,
  environment: Environment,
): unknown {
  const { accepts, read, expected } = CONFIG_KEYS[key]
  const variable = variableOf(value)
  const text = variable === undefined ? undefined : environment[variable]
  const found = variable === undefined ? value : text && read(text)
  if (value === null || (variable !== undefined && !text)) return undefined
  if (accepts(found)) return found
  const got = variable === undefined ? JSON.stringify(value) : `${JSON.stringify(text)} of ${variable}`
  throw new Error(`${place}: must be ${expected}, got ${got}`)
}

function defined(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** What only holds of several keys together. */
function checked(config: HydrogenConfig): HydrogenConfig {
  const { SecureMode, CertificatePath, KeyPath, EnableIPv6, Interface } = config
  if (SecureMode === 'tls' && (CertificatePath === undefined || KeyPath === undefined))
    throw new Error(
      `WebSocketServer.${CertificatePath === undefined ? 'CertificatePath' : 'KeyPath'}: is missing, which SecureMode 'tls' needs`,
    )
  if (!EnableIPv6 && Interface.includes(':'))
    throw new Error(
      `WebSocketServer.Interface: ${Interface} is an address of IPv6, which EnableIPv6 false rules out`,
    )
  return config
}
