/**
 * What a Hydrogen server's configuration file says.
 * @module
 */

/** The section `WebSocketServer`, whole. */
export interface HydrogenConfig {
  /** False: it does not listen. @default true */
  Enabled: boolean
  /** @default 8080 */
  Port: number
  /** The address, or the name of one, that it listens on. @default '127.0.0.1' */
  Interface: string
  /** With it, `0.0.0.0` is every address of either family. @default true */
  EnableIPv6: boolean
  /** @default 'tls' with a certificate or a key, else 'none' */
  SecureMode: 'none' | 'tls'
  /** PEM file. Needed for `tls`. */
  CertificatePath?: string
  /** PEM file. Needed for `tls`. */
  KeyPath?: string
  /** Whether a client shows who it is. @default true */
  AuthRequired: boolean
  /** Seconds after which a silent connection is closed. 0: never. @default 300 */
  IdleTimeout: number
  /** Connections at a time. 0: no limit. @default 100 */
  MaxConnections: number
  /** Workers. @default 1 */
  ThreadPoolSize: number
}

/** What is in the file: one section; others are left to whom they concern. Any value may be `${env.NAME}`. */
export interface HydrogenConfigFile {
  WebSocketServer: { [Key in keyof HydrogenConfig]?: HydrogenConfig[Key] | string | null }
  [section: string]: unknown
}

/** The text of the file, its path (what has no brace in it), or what is in it. */
export type ConfigSource = string | HydrogenConfigFile

export const DEFAULT_CONFIG: Readonly<HydrogenConfig> = {
  Enabled: true,
  Port: 8080,
  Interface: '127.0.0.1',
  EnableIPv6: true,
  SecureMode: 'none',
  AuthRequired: true,
  IdleTimeout: 300,
  MaxConnections: 100,
  ThreadPoolSize: 1,
}
