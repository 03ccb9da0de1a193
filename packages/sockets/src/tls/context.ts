/**
 * TLS contexts: certificates, keys and what handshakes may use, read and checked once.
 * @module
 */
import { constants } from 'node:crypto'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
} from 'node:tls'
import { readAuthorities, readCertificate, readPem, readPrivateKey } from './files.ts'
import { TlsOptionError } from './option-error.ts'

/** Who one is: a certificate chain and its key, each PEM text or a path. */
export interface TlsIdentity {
  cert: string
  key: string
  /** The key's passphrase. */
  passphrase?: string | undefined
  /** Trusted authorities: PEM text, a file or a directory; one or several. */
  ca?: string | readonly string[] | undefined
}

export interface TlsContextOptions {
  cert?: string | undefined
  key?: string | undefined
  passphrase?: string | undefined
  ca?: string | readonly string[] | undefined
  /** An OpenSSL cipher list. Without a name of TLS 1.3 in it, the ciphers of TLS 1.3 stay as they are. */
  ciphers?: string | undefined
  /** The oldest version accepted. @default 'TLSv1.2' */
  minVersion?: SecureVersion | undefined
  /** Diffie-Hellman parameters: PEM text, a path, or `auto`. */
  dhparam?: string | undefined
  /** No session tickets: less memory a connection, and a whole handshake for each. @default false */
  lowMemory?: boolean | undefined
}

/** A context that may serve any number of connections; made by {@link createTlsContext}. */
export interface TlsContext {
  readonly secureContext: SecureContext
  /** The same, as what node:tls takes. */
  readonly options: SecureContextOptions
}

/**
 * Reads files and checks that everything fits together.
 *
 * @throws {TlsOptionError} naming the option that is unreadable, malformed or does not fit the others.
 */
export function createTlsContext(options: TlsContextOptions = {}, label = ''): TlsContext {
  const named = (option: string): string => (label === '' ? option : label)
  const made: SecureContextOptions = { minVersion: options.minVersion ?? 'TLSv1.2' }
  const ca = readAuthorities(named('ca'), options.ca)
  if (ca) made.ca = ca
  if (options.ciphers !== undefined)
    made.ciphers = proven(named('ciphers'), { ciphers: options.ciphers }).ciphers!
  if (options.dhparam !== undefined) made.dhparam = readDhParams(named('dhparam'), options.dhparam)
  if (options.lowMemory) made.secureOptions = constants.SSL_OP_NO_TICKET
  if (options.cert !== undefined || options.key !== undefined) {
    if (options.cert === undefined) throw new TlsOptionError(named('cert'), 'the key has no certificate')
    if (options.key === undefined) throw new TlsOptionError(named('key'), 'the certificate has no key')
    const { pem, certificate } = readCertificate(named('cert'), options.cert)
    made.cert = pem
    made.key = readPrivateKey(named('key'), options.key, options.passphrase, certificate)
    if (options.passphrase !== undefined) made.passphrase = options.passphrase
  }
  proven(named('cert'), made)
  return { secureContext: createSecureContext(made), options: made }
}

function readDhParams(option: string, value: string): string {
  if (value === 'auto') return value
  const dhparam = readPem(option, value)
  // OpenSSL takes anything else for none.
  if (!dhparam.includes('DH PARAMETERS-----')) throw new TlsOptionError(option, 'no DH parameters')
  proven(option, { dhparam })
  return dhparam
}

/** OpenSSL takes the options. */
function proven(option: string, options: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(options)
    return options
  } catch (cause) {
    throw new TlsOptionError(option, (cause as Error).message, cause)
  }
}
