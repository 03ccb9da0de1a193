/**
 * Certificates and keys, given as PEM text or as paths.
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TlsOptionError } from './option-error.ts'

const PEM = '-----BEGIN '
/** RFC 5958's label, and the older header of RFC 1421. */
const ENCRYPTED = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/
/** The usual endings, and the hashed names of `openssl rehash`. */
const CERTIFICATE_FILE = /\.(pem|crt|cer|\d+)$/i

/** PEM text, or what is in the file. */
export function readPem(option: string, value: string): string {
  if (value.includes(PEM)) return value
  let text: string
  try {
    text = readFileSync(value, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new TlsOptionError(option, `neither PEM text nor a file that can be read (${code})`, cause)
  }
  if (!text.includes(PEM)) throw new TlsOptionError(option, 'the file has no PEM text')
  return text
}

/** A certificate chain; its first certificate is the peer's own. */
export function readCertificate(
  option: string,
  value: string,
): { pem: string; certificate: X509Certificate } {
  const pem = readPem(option, value)
  try {
    return { pem, certificate: new X509Certificate(pem) }
  } catch (cause) {
    throw new TlsOptionError(option, `not a certificate (${(cause as Error).message})`, cause)
  }
}

/** A private key that belongs to the certificate. What a key is never enters an error. */
export function readPrivateKey(
  option: string,
  value: string,
  passphrase: string | undefined,
  certificate: X509Certificate,
): string {
  const pem = readPem(option, value)
  if (passphrase === undefined && ENCRYPTED.test(pem))
    throw new TlsOptionError(option, 'the key is encrypted and needs a passphrase')
  let key: KeyObject
  try {
    key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
  } catch {
    throw new TlsOptionError(option, 'not a private key, or of another passphrase')
  }
  if (!certificate.checkPrivateKey(key))
    throw new TlsOptionError(option, 'the key does not belong to the certificate')
  return pem
}

/** Trusted authorities: PEM text, files, and directories of them. */
export function readAuthorities(
  option: string,
  value: string | readonly string[] | undefined,
): string[] | undefined {
  if (value === undefined) return undefined
  const values = typeof value === 'string' ? [value] : value
  return values.flatMap(entry => listFiles(option, entry)).map(entry => readCertificate(option, entry).pem)
}

function listFiles(option: string, value: string): string[] {
  if (value.includes(PEM) || !statSync(value, { throwIfNoEntry: false })?.isDirectory()) return [value]
  const files = readdirSync(value).filter(name => CERTIFICATE_FILE.test(name))
  if (files.length === 0) throw new TlsOptionError(option, 'the directory has no .pem, .crt or .cer file')
  return files.sort().map(name => join(value, name))
}
