/**
 * What a handshake agreed on.
 * @module
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** The peer's certificate, as far as programs decide by it. */
export interface PeerCertificate {
  /** Distinguished name, one attribute a line. */
  subject: string
  issuer: string
  /** `DNS:…, IP Address:…` as OpenSSL prints them. */
  altNames?: string
  /** SHA-256, in hex with colons. */
  fingerprint256: string
  serialNumber: string
  validFrom: string
  validTo: string
}

export interface TlsSession {
  /** `TLSv1.3` … */
  protocol: string
  cipher: string
  /** What ALPN chose. */
  alpn?: string
  /** The name the client sent. */
  serverName?: string
  /** The peer's certificate was asked for and is valid. */
  authorized: boolean
  /** Why it is not. */
  authorizationError?: string
  peerCertificate?: PeerCertificate
}

/** Undefined over plain TCP, and once the connection is gone. */
export function tlsSession(socket: Socket): TlsSession | undefined {
  const tls = socket as TLSSocket
  if (!tls.encrypted || tls.destroyed) return undefined
  const { alpnProtocol, servername, authorized } = tls
  const certificate = tls.getPeerX509Certificate()
  return {
    protocol: tls.getProtocol() ?? '',
    cipher: tls.getCipher().standardName,
    ...(alpnProtocol && { alpn: alpnProtocol }),
    ...(servername && { serverName: servername }),
    authorized: authorized === true,
    ...(tls.authorizationError && { authorizationError: String(tls.authorizationError) }),
    ...(certificate && {
      peerCertificate: {
        subject: certificate.subject,
        issuer: certificate.issuer,
        ...(certificate.subjectAltName !== undefined && { altNames: certificate.subjectAltName }),
        fingerprint256: certificate.fingerprint256,
        serialNumber: certificate.serialNumber,
        validFrom: certificate.validFrom,
        validTo: certificate.validTo,
      },
    }),
  }
}
