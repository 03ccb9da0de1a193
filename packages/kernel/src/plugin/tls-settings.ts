/**
 * The TLS options of a socket, under the names node:tls and its kin have for them.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { PluginSocket } from './driver.ts'
import {
  SO_TLS_SNI_HOSTNAME,
  SO_TLS_VERIFY_PEER,
  TLS_ALPN,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CIPHERS,
  TLS_CLIENT_CERT,
  TLS_DH_PARAMS,
  TLS_HANDSHAKE_TIMEOUT,
  TLS_LOW_MEMORY,
  TLS_MIN_VERSION,
  TLS_PASSPHRASE,
  TLS_PRIVATE_KEY,
  TLS_SNI,
} from './options/tls.ts'

/** A certificate chain and its key, each PEM text or a path. */
export interface TlsIdentitySettings {
  cert: string
  key: string
  passphrase?: string | undefined
  ca?: string | string[] | undefined
}

export interface TlsSettings {
  cert?: string | undefined
  key?: string | undefined
  passphrase?: string | undefined
  ca?: string | string[] | undefined
  ciphers?: string | undefined
  minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  dhparam?: string | undefined
  lowMemory: boolean
  alpn?: string[] | undefined
  /** Milliseconds. */
  handshakeTimeout: number
}

/** The option behind each setting; what an error names. */
const LABELS: Readonly<Record<string, string>> = {
  cert: 'TLS_CERTIFICATE (322)',
  key: 'TLS_PRIVATE_KEY (323)',
  ca: 'TLS_CA (324)',
  ciphers: 'TLS_CIPHERS (320)',
  dhparam: 'TLS_DH_PARAMS (335)',
  contexts: 'TLS_SNI (330)',
  client: 'TLS_CLIENT_CERT (333)',
}

function shared(socket: PluginSocket): TlsSettings {
  return {
    ca: socket.option(TLS_CA) as TlsSettings['ca'],
    ciphers: socket.option(TLS_CIPHERS) as string | undefined,
    minVersion: socket.option(TLS_MIN_VERSION),
    dhparam: socket.option(TLS_DH_PARAMS) as string | undefined,
    lowMemory: socket.option(TLS_LOW_MEMORY),
    alpn: socket.option(TLS_ALPN) as string[] | undefined,
    handshakeTimeout: socket.option(TLS_HANDSHAKE_TIMEOUT) * 1000,
  }
}

/** Options 0 and 320-337 as a server uses them. */
export function serverTlsSettings(
  socket: PluginSocket,
): TlsSettings & { contexts: Record<string, TlsIdentitySettings>; requestCert: boolean } {
  const contexts: Record<string, TlsIdentitySettings> = {}
  for (const [name, { certificate, privateKey, passphrase, ca }] of Object.entries(
    socket.option(TLS_SNI) ?? {},
  ))
    contexts[name] = { cert: certificate, key: privateKey, passphrase, ...(ca !== undefined && { ca }) }
  return {
    ...shared(socket),
    cert: socket.option(TLS_CERTIFICATE) as string | undefined,
    key: socket.option(TLS_PRIVATE_KEY) as string | undefined,
    passphrase: socket.option(TLS_PASSPHRASE) as string | undefined,
    contexts,
    requestCert: socket.option(SO_TLS_VERIFY_PEER) === true,
  }
}

/** Options 0, 1 and 320-337 as a client uses them: the peer is verified unless option 0 is false. */
export function clientTlsSettings(
  socket: PluginSocket,
): TlsSettings & { serverName?: string | undefined; insecure: boolean } {
  const presented = socket.option(TLS_CLIENT_CERT) as
    | { certificate: string; privateKey: string; passphrase?: string }
    | undefined
  return {
    ...shared(socket),
    ...(presented && {
      cert: presented.certificate,
      key: presented.privateKey,
      passphrase: presented.passphrase,
    }),
    serverName: socket.option(SO_TLS_SNI_HOSTNAME) as string | undefined,
    insecure: socket.option(SO_TLS_VERIFY_PEER) === false,
  }
}

/**
 * `EINVAL` with the option's name and number, for a failure that says which setting is wrong (as `option` and
 * `reason`); anything else as it is.
 */
export function tlsFailure(
  error: unknown,
  role: 'server' | 'client' = 'server',
  op = role === 'client' ? 'connect' : 'bind',
): unknown {
  const { option, reason } = error as { option?: unknown; reason?: unknown }
  if (typeof option !== 'string' || typeof reason !== 'string') return error
  const [setting = '', ...name] = option.split(' ')
  const presented = role === 'client' && (setting === 'cert' || setting === 'key')
  const label = LABELS[presented ? 'client' : setting] ?? setting
  return new SocketError('EINVAL', [label, ...name].join(' ').concat(`: ${reason}`), {
    op,
    cause: error,
  })
}

/** Whether an option is one of TLS, whose change is one of certificates or of how they are asked for. */
export function isTlsOption(option: number): boolean {
  return option <= 1 || (option >= 320 && option < 340)
}
