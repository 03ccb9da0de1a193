/**
 * The Apache options of a listener in the form that each request needs them in.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import type { FrontTls } from './front.ts'
import {
  APACHE_AUTH_PASSTHROUGH,
  APACHE_CGI_ENV_VARS,
  APACHE_LOAD_BALANCE,
  APACHE_PROXY_ENABLE,
  APACHE_SSL_TERMINATION,
  APACHE_STATIC_HANDOFF,
  type LoadBalance,
  type StaticHandoff,
} from './options.ts'
import { LOCAL_PEERS, TrustedPeers } from './peers.ts'

/** X-Forwarded-* of a proxy that is believed. */
export const FORWARDED_FIELDS: readonly string[] = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-port',
]
/** What the generated configuration has a proxy say of TLS. */
export const TLS_FIELDS: Readonly<Record<keyof FrontTls, string>> = {
  protocol: 'x-ssl-protocol',
  cipher: 'x-ssl-cipher',
  client_verify: 'x-ssl-client-verify',
  client_dn: 'x-ssl-client-s-dn',
}
/** The CGI variables of the same, by mod_ssl's names. */
export const TLS_VARIABLES: Readonly<Record<keyof FrontTls, string>> = {
  protocol: 'SSL_PROTOCOL',
  cipher: 'SSL_CIPHER',
  client_verify: 'SSL_CLIENT_VERIFY',
  client_dn: 'SSL_CLIENT_S_DN',
}

export interface Compiled {
  /** Whom FastCGI is taken from. */
  fastCgiPeers: TrustedPeers
  /** Whose X-Forwarded-* are believed; undefined where they are plain fields. */
  forwarders: TrustedPeers | undefined
  /** Undefined where nobody says who the user is. */
  auth: { fromCgi: boolean; header: string; peers: TrustedPeers } | undefined
  tls: { peers: TrustedPeers; protoHeader: string } | undefined
  /** Undefined where no variable passes. */
  env: ((name: string) => boolean) | undefined
  handoff: StaticHandoff | undefined
  balance: LoadBalance | undefined
  /** Something of HTTP requests' fields is believed or dropped. */
  looksAtHeaders: boolean
}

export function compile(socket: PluginSocket): Compiled {
  const proxy = socket.option(APACHE_PROXY_ENABLE)
  const listed = typeof proxy === 'object' ? proxy.trusted : LOCAL_PEERS
  const peers = new TrustedPeers(listed)
  const auth = socket.option(APACHE_AUTH_PASSTHROUGH)
  const ssl = socket.option(APACHE_SSL_TERMINATION)
  const { trust = listed, proto_header = 'X-Forwarded-Proto' } = typeof ssl === 'object' ? ssl : {}
  const vars = socket.option(APACHE_CGI_ENV_VARS)
  const fromHeader = auth?.source === 'header'
  return {
    fastCgiPeers: peers,
    forwarders: proxy ? peers : undefined,
    auth: auth && {
      fromCgi: !fromHeader,
      header: (auth.header ?? 'X-Remote-User').toLowerCase(),
      peers: new TrustedPeers(auth.trusted ?? listed),
    },
    tls: ssl ? { peers: new TrustedPeers(trust), protoHeader: proto_header.toLowerCase() } : undefined,
    env: vars && passing(vars),
    handoff: socket.option(APACHE_STATIC_HANDOFF),
    balance: socket.option(APACHE_LOAD_BALANCE),
    looksAtHeaders: Boolean(proxy) || Boolean(ssl) || fromHeader,
  }
}

/** A client says what is in HTTP_PROXY; the web server's PATH is nobody's business. */
const NEVER: ReadonlySet<string> = new Set(['PATH', 'HTTP_PROXY'])

function passing(
  vars: readonly string[] | { pass?: readonly string[]; set?: Readonly<Record<string, string>> },
): (name: string) => boolean {
  const { pass = [], set = {} } = Array.isArray(vars)
    ? { pass: vars }
    : (vars as Exclude<typeof vars, readonly string[]>)
  const names = new Set([...pass.filter(name => !name.includes('*')), ...Object.keys(set)])
  const globs = pass
    .filter(name => name.includes('*'))
    .map(glob => new RegExp(`^${glob.replaceAll(/\*+/g, '.*')}$`))
  return name => !NEVER.has(name) && (names.has(name) || globs.some(glob => glob.test(name)))
}
