/**
 * The keys of the configuration file, and what each may be.
 * @module
 */
import type { HydrogenConfig } from './types.ts'

/** What a key takes. */
export interface ConfigKey {
  readonly expected: string
  accepts(value: unknown): boolean
  /** The value that text out of the environment stands for; undefined for none. */
  read(text: string): unknown
}

const BOOLEAN: ConfigKey = {
  expected: 'true or false',
  accepts: value => typeof value === 'boolean',
  read: text => ({ true: true, false: false })[text.toLowerCase()],
}

const TEXT: ConfigKey = {
  expected: 'a string that is not empty',
  accepts: value => typeof value === 'string' && value !== '',
  read: text => text,
}

const integer = (minimum: number, maximum: number): ConfigKey => ({
  expected: `an integer from ${minimum} to ${maximum}`,
  accepts: value => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum,
  read: text => (text.trim() === '' ? undefined : Number(text)),
})

export const CONFIG_KEYS: Readonly<Record<keyof HydrogenConfig, ConfigKey>> = {
  Enabled: BOOLEAN,
  Port: integer(0, 65_535),
  Interface: TEXT,
  EnableIPv6: BOOLEAN,
  SecureMode: {
    expected: "'none' or 'tls'",
    accepts: value => value === 'none' || value === 'tls',
    read: text => text,
  },
  CertificatePath: TEXT,
  KeyPath: TEXT,
  AuthRequired: BOOLEAN,
  IdleTimeout: integer(0, 86_400),
  MaxConnections: integer(0, 1_000_000),
  ThreadPoolSize: integer(1, 1024),
}

export function isConfigKey(name: string): name is keyof HydrogenConfig {
  return Object.hasOwn(CONFIG_KEYS, name)
}
