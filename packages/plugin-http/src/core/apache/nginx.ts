/**
 * nginx's configuration for a listener.
 * @module
 */
import { TLS_FIELDS, TLS_VARIABLES } from './compiled.ts'
import type { ConfigFacts } from './config.ts'
import type { FrontTls } from './front.ts'
import { HANDOFF_PREFIX } from './handoff.ts'
import type { WebServerConfig } from './options.ts'

/** Connections to the backend that a worker of nginx keeps. */
const KEEPALIVE = 256

/** The authenticated user. nginx's own `$remote_user` is what the client says where nothing asks for a password. */
const USER = '$authenticated_user'

const SSL_VARIABLES: Readonly<Record<keyof FrontTls, string>> = {
  protocol: '$ssl_protocol',
  cipher: '$ssl_cipher',
  client_verify: '$ssl_client_verify',
  client_dn: '$ssl_client_s_dn',
}

export function nginxConfig(facts: ConfigFacts): WebServerConfig['nginx'] {
  return { http: `${http(facts).join('\n')}\n`, server: `${server(facts).join('\n')}\n` }
}

/** This listener as one of an upstream's servers. */
export function nginxMember({ upstream: { authority, path }, balance }: ConfigFacts): string {
  const weight = balance?.weight === undefined ? '' : ` weight=${balance.weight}`
  return `server ${path === undefined ? authority : `unix:${path}`}${weight};`
}

function http(facts: ConfigFacts): string[] {
  const { name, balance, upstream } = facts
  const method = balance?.method === 'bybusyness' ? ['  least_conn;'] : []
  const pool = (of: string, more: readonly string[]) => [
    `upstream ${of} {`,
    ...more,
    `  ${nginxMember(facts)}`,
    `  keepalive ${KEEPALIVE};`,
    '}',
  ]
  const lines = pool(name, method)
  if (balance?.sticky !== undefined) {
    const own = `${name}_${balance.route}`
    lines.push(
      ...pool(own, []),
      `map $cookie_${balance.sticky} ${backend(facts)} {`,
      `  default ${name};`,
      `  "~\\.${balance.route}$" ${own};`,
      '}',
    )
  }
  if (upstream.websocket)
    lines.push(`map $http_upgrade ${connection(facts)} {`, '  default upgrade;', '  "" "";', '}')
  return lines
}

const variable = (name: string): string => name.replaceAll('-', '_')
const connection = ({ name }: ConfigFacts): string => `$${variable(name)}_connection`
const backend = ({ name, balance }: ConfigFacts): string =>
  balance?.sticky === undefined ? name : `$${variable(name)}_backend`

/** Expressions are tried in order: what is excluded comes first. */
function server(facts: ConfigFacts): string[] {
  const { patterns, excluded } = facts
  const lines = excluded.map(path => `location ${place(path)} {}`)
  const pass = facts.upstream.protocol === 'fcgi' ? fastCgi(facts) : proxy(facts)
  for (const path of patterns) lines.push(`location ${place(path)} {`, ...pass.map(line => `  ${line}`), '}')
  return [...user(facts), ...lines, ...handoff(facts)]
}

/** A path and what is below it, as Apache's ProxyPass has it. */
function place(path: string): string {
  if (path === '/') return '/'
  const escaped = path.replaceAll(/[.*+?^$()|[\]]/g, '\\$&')
  return `~ ^${escaped}${path.endsWith('/') ? '' : '(?:/|$)'}`
}

function user({ authHeader, cgiAuth }: ConfigFacts): string[] {
  if (authHeader === undefined && !cgiAuth) return []
  return [`# Beside auth_basic: set ${USER} $remote_user; without it nginx does not start.`]
}

function fastCgi(facts: ConfigFacts): string[] {
  const { env, cgiAuth, protoHeader, fallback } = facts
  const params: [name: string, value: string][] = [
    ['REQUEST_METHOD', '$request_method'],
    ['REQUEST_URI', '$request_uri'],
    ['QUERY_STRING', '$query_string'],
    ['CONTENT_TYPE', '$content_type'],
    ['CONTENT_LENGTH', '$content_length'],
    ['SCRIPT_NAME', '$fastcgi_script_name'],
    ['SERVER_PROTOCOL', '$server_protocol'],
    ['SERVER_NAME', '$server_name'],
    ['SERVER_PORT', '$server_port'],
    ['REMOTE_ADDR', '$remote_addr'],
    ['REMOTE_PORT', '$remote_port'],
    ['HTTP_PROXY', '""'],
  ]
  if (cgiAuth) params.push(['REMOTE_USER', USER])
  if (protoHeader !== undefined) {
    params.push(['HTTPS', '$https'])
    for (const [key, variable] of Object.entries(SSL_VARIABLES))
      params.push([TLS_VARIABLES[key as keyof FrontTls], variable])
  }
  for (const [name, value] of Object.entries(env)) params.push([name, `"${value}"`])
  return [
    `fastcgi_pass ${backend(facts)};`,
    'fastcgi_keep_conn on;',
    ...params.map(([name, value]) => `fastcgi_param ${name} ${value};`),
    ...(fallback ? ['fastcgi_intercept_errors on;'] : []),
  ]
}

function proxy(facts: ConfigFacts): string[] {
  const { upstream, authHeader, protoHeader, fallback } = facts
  const headers: [name: string, value: string][] = [
    ['Host', '$http_host'],
    ['X-Forwarded-For', '$proxy_add_x_forwarded_for'],
    ['X-Forwarded-Host', '$http_host'],
    [protoHeader ?? 'X-Forwarded-Proto', '$scheme'],
  ]
  if (protoHeader !== undefined)
    for (const [key, variable] of Object.entries(SSL_VARIABLES))
      headers.push([TLS_FIELDS[key as keyof FrontTls], variable])
  if (authHeader !== undefined) headers.push([authHeader, USER])
  if (upstream.websocket) headers.push(['Upgrade', '$http_upgrade'], ['Connection', connection(facts)])
  else headers.push(['Connection', '""'])
  return [
    `proxy_pass ${upstream.protocol}://${backend(facts)};`,
    'proxy_http_version 1.1;',
    ...headers.map(([name, value]) => `proxy_set_header ${name} ${value};`),
    ...(fallback ? ['proxy_intercept_errors on;'] : []),
  ]
}

function handoff({ handoff }: ConfigFacts): string[] {
  if (!handoff) return []
  if (handoff.header !== 'X-Accel-Redirect')
    return ['# X-Sendfile is for Apache: nginx takes X-Accel-Redirect.']
  const { root, prefix = HANDOFF_PREFIX } = handoff
  const from = prefix.endsWith('/') ? prefix : `${prefix}/`
  return [`location ^~ ${from} {`, '  internal;', `  alias ${root.endsWith('/') ? root : `${root}/`};`, '}']
}
