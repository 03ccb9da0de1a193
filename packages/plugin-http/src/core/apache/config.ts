/**
 * A web server's configuration for a listener, from the listener's options.
 * @module
 */
import { basename } from 'node:path'
import { type Addr, type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import { HTTP_KEEP_ALIVE_TIMEOUT } from '../options.ts'
import { apacheConfig, apacheMember } from './apache.ts'
import { nginxConfig, nginxMember } from './nginx.ts'
import {
  APACHE_AUTH_PASSTHROUGH,
  APACHE_CGI_ENV_VARS,
  APACHE_DYNAMIC_HANDOFF,
  APACHE_FASTCGI_ENABLE,
  APACHE_LOAD_BALANCE,
  APACHE_PROXY_ENABLE,
  APACHE_PROXY_UPSTREAM,
  APACHE_SSL_TERMINATION,
  APACHE_STATIC_HANDOFF,
  type LoadBalance,
  type StaticHandoff,
  type WebServerConfig,
} from './options.ts'
import { parseUpstream, type Upstream, upstreamOf } from './upstream.ts'

/** What both kinds of configuration are made of; every text can stand in one. */
export interface ConfigFacts {
  upstream: Upstream
  /** What the backend is called. */
  name: string
  patterns: readonly string[]
  excluded: readonly string[]
  fallback: boolean
  forwards: boolean
  /** Undefined where nobody says who the user is. */
  authHeader: string | undefined
  cgiAuth: boolean
  /** Undefined where TLS does not end at the web server. */
  protoHeader: string | undefined
  env: Readonly<Record<string, string>>
  handoff: StaticHandoff | undefined
  balance: LoadBalance | undefined
  /** Seconds that a connection may idle; 0: no limit. */
  idle: number
}

/** @throws {SocketError} `EINVAL` for a path that cannot stand in a configuration file. */
export function webServerConfig(socket: PluginSocket, addr: Addr): WebServerConfig {
  const facts = factsOf(socket, addr)
  return {
    apache: apacheConfig(facts),
    nginx: nginxConfig(facts),
    member: { apache: apacheMember(facts), nginx: nginxMember(facts) },
  }
}

function factsOf(socket: PluginSocket, addr: Addr): ConfigFacts {
  const advertised = socket.option(APACHE_PROXY_UPSTREAM)
  const protocol = socket.option(APACHE_FASTCGI_ENABLE) ? 'fcgi' : 'http'
  const upstream = advertised === undefined ? upstreamOf(addr, protocol) : parseUpstream(advertised)
  // A unix socket says nothing of what is spoken on it.
  if (protocol === 'fcgi') upstream.protocol = 'fcgi'
  const auth = socket.option(APACHE_AUTH_PASSTHROUGH)
  const ssl = socket.option(APACHE_SSL_TERMINATION)
  const vars = socket.option(APACHE_CGI_ENV_VARS)
  const balance = socket.option(APACHE_LOAD_BALANCE)
  const { pattern = ['/'], exclude = [], fallback = false } = socket.option(APACHE_DYNAMIC_HANDOFF) ?? {}
  return {
    upstream: { ...upstream, path: upstream.path === undefined ? undefined : plain(upstream.path) },
    name: balance?.balancer ?? nameOf(upstream),
    patterns: pattern,
    excluded: exclude,
    fallback,
    forwards: Boolean(socket.option(APACHE_PROXY_ENABLE)),
    authHeader: auth?.source === 'header' ? (auth.header ?? 'X-Remote-User') : undefined,
    cgiAuth: auth !== undefined && auth.source !== 'header',
    protoHeader: ssl ? (typeof ssl === 'object' && ssl.proto_header) || 'X-Forwarded-Proto' : undefined,
    env: (vars !== undefined && !Array.isArray(vars) && (vars as { set?: Record<string, string> }).set) || {},
    handoff: socket.option(APACHE_STATIC_HANDOFF),
    balance,
    idle: Math.floor(socket.option(HTTP_KEEP_ALIVE_TIMEOUT) / 2000),
  }
}

function nameOf({ authority, path }: Upstream): string {
  return `unisock-${(authority ?? basename(path!)).replaceAll(/[^A-Za-z0-9]+/g, '-')}`
}

/** The schemas of the options hold other texts to this; an address that was bound can be any. */
function plain(path: string): string {
  if (/^[!%&(-:=?-[\]^_a-z~]+$/.test(path)) return path
  throw new SocketError(
    'EINVAL',
    `the path ${JSON.stringify(path)} cannot stand in a web server's configuration`,
    { op: 'query' },
  )
}
