/**
 * What the sockets of a context have in common, in uSockets' terms.
 * @module
 */
import { createTlsContext, type TlsContext } from '../engine/index.ts'
import { SocketsError } from '../errors.ts'

export interface SocketContextOptions<Ssl extends boolean = boolean, S = undefined> {
  /** TLS. @default false */
  ssl?: Ssl
  /** The private key: a file, or PEM text. So are the next ones. */
  keyFile?: string | undefined
  certFile?: string | undefined
  /** The key's passphrase. */
  passphrase?: string | undefined
  /** Diffie-Hellman parameters; `auto` for OpenSSL's own. */
  dhParamsFile?: string | undefined
  /** Authorities to trust instead of Node's; a directory too. */
  caFile?: string | undefined
  /** An OpenSSL cipher list. */
  ciphers?: string | undefined
  /** Less memory a TLS connection, for slower handshakes: no session tickets. @default false */
  lowMemory?: boolean | undefined
  /** Has clients present a certificate. @default false */
  requestCert?: boolean | undefined
  /** As a client, talks to servers whose certificate was not verified. @default false */
  insecure?: boolean | undefined
  /** Bytes of one socket that may wait to be sent. @default 262144 */
  highWaterMark?: number | undefined
  /** Makes the data of each socket. */
  ext?: (() => S) | undefined
}

/** What became of the options. */
export interface ContextSettings<S> {
  /** Undefined without TLS. */
  readonly tls: TlsContext | undefined
  readonly requestCert: boolean
  readonly insecure: boolean
  readonly highWaterMark: number
  readonly ext: (() => S) | undefined
}

const HIGH_WATER_MARK = 256 * 1024

const TLS_OPTIONS = [
  'keyFile',
  'certFile',
  'passphrase',
  'dhParamsFile',
  'caFile',
  'ciphers',
  'lowMemory',
  'requestCert',
  'insecure',
] as const

/** @throws {SocketsError} as {@link Loop.createSocketContext} */
export function readContextOptions<S>(options: SocketContextOptions<boolean, S>): ContextSettings<S> {
  const { ssl = false, highWaterMark = HIGH_WATER_MARK, ext } = options
  if (!(highWaterMark > 0)) throw refused(`highWaterMark must be above 0, got ${highWaterMark}`)
  for (const option of TLS_OPTIONS) {
    const value = options[option]
    if (value === undefined) continue
    if (!ssl) throw refused(`${option} is for TLS, and ssl is not true`)
    if (typeof value === 'string' && value.includes('\0'))
      throw new SocketsError('ERR_INVALID_STRING_CONVERSION', `${option} has a NUL`, {
        operation: 'createSocketContext',
      })
  }
  const { requestCert = false, insecure = false } = options
  return { tls: ssl ? readTls(options) : undefined, requestCert, insecure, highWaterMark, ext }
}

function readTls(options: SocketContextOptions<boolean, unknown>): TlsContext {
  try {
    return createTlsContext({
      key: options.keyFile,
      cert: options.certFile,
      passphrase: options.passphrase,
      dhparam: options.dhParamsFile,
      ca: options.caFile,
      ciphers: options.ciphers,
      lowMemory: options.lowMemory,
    })
  } catch (cause) {
    throw refused((cause as Error).message, cause)
  }
}

function refused(reason: string, cause?: unknown): SocketsError {
  return new SocketsError('ERR_SOCKET_CONTEXT_CREATION', reason, {
    operation: 'createSocketContext',
    cause,
  })
}
