/**
 * What the web server in front says of a request.
 * @module
 */
import type { Addr } from '@unisock/kernel/plugin'

/** The TLS connection between client and web server, as far as that tells. */
export interface FrontTls {
  /** `'TLSv1.3'`. */
  protocol?: string
  cipher?: string
  /** `'SUCCESS'`, `'NONE'`, `'GENEROUS'` or `'FAILED:reason'`. */
  client_verify?: string
  /** The subject of the client's certificate. */
  client_dn?: string
}

/** Only a trusted peer's word is in here. */
export interface Front {
  via: 'fastcgi' | 'proxy'
  /** The web server's own address; the client's is the request's `remote`. */
  peer: Addr
  /** What the client speaks to the web server. */
  scheme?: 'http' | 'https'
  /** The host that the client asked for. */
  host?: string
  tls?: FrontTls
  /** Whom the web server has authenticated. */
  remote_user?: string
  auth_type?: string
  /** CGI variables, those that APACHE_CGI_ENV_VARS lets pass. */
  env?: Record<string, string>
}

/** What is known of one request before it is served. */
export interface Admitted {
  /** Undefined where no web server is believed to be in front. */
  front: Front | undefined
  /** The client, where it is not the peer. */
  client: Addr | undefined
}
