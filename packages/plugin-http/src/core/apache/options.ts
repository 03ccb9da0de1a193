/**
 * Options for life behind Apache or nginx: 300-310.
 * @module
 */
import { boolean, defineOption, type } from '@unisock/kernel/plugin'
import { parsePeers } from './peers.ts'
import { type FastCgiPlace, parsePlace } from './place.ts'
import { parseUpstream } from './upstream.ts'

const family = 'apache'
const text = { type: 'string', minLength: 1 }
/** What ends up in a configuration file and must not end its line or its quotes there. */
const plainText = { type: 'string', pattern: '^[^\\u0000-\\u0020"\'\\\\;{}<>$`#]+$' }
const path = { type: 'string', pattern: '^/[^\\u0000-\\u0020"\'\\\\;{}<>$`#?]*$' }
const token = { type: 'string', pattern: '^[A-Za-z0-9_-]+$' }
const peers = { type: 'array', items: text }
const object = (properties: Record<string, unknown>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})

/** APACHE_PROXY_ENABLE with the peers it believes. */
export interface ProxyTrust {
  /** Addresses, networks as `10.0.0.0/8`, and `unix`. @default this machine */
  trusted: readonly string[]
}

/** APACHE_STATIC_HANDOFF: who sends the files that replies name. */
export interface StaticHandoff {
  header: 'X-Sendfile' | 'X-Accel-Redirect'
  /** The folder that every file must be in, absolute. */
  root: string
  /** X-Accel-Redirect: the internal location that stands for the root. @default '/.handoff/' */
  prefix?: string
}

/** APACHE_DYNAMIC_HANDOFF: which paths the web server sends here. */
export interface DynamicHandoff {
  /** Path prefixes. @default ['/'] */
  pattern?: readonly string[]
  /** Path prefixes below those that it serves by itself. */
  exclude?: readonly string[]
  /** The web server answers in place of a 404 from here. @default false */
  fallback?: boolean
}

/** APACHE_CGI_ENV_VARS: which CGI variables requests have in `env`. */
export interface CgiEnvVars {
  /** Names, `*` for any characters. */
  pass?: readonly string[]
  /** Variables that the generated configuration sets; they pass. */
  set?: Readonly<Record<string, string>>
}

/** APACHE_AUTH_PASSTHROUGH: who says whom the web server has authenticated. */
export interface AuthPassthrough {
  /** REMOTE_USER of FastCGI, or a header of a trusted proxy. @default 'fastcgi' */
  source?: 'fastcgi' | 'header'
  /** @default 'X-Remote-User' */
  header?: string
  /** Whose header is believed. @default the peers of APACHE_PROXY_ENABLE */
  trusted?: readonly string[]
}

/** APACHE_SSL_TERMINATION: TLS ends at the web server. */
export interface SslTermination {
  /** Whose header is believed. @default the peers of APACHE_PROXY_ENABLE */
  trust?: readonly string[]
  /** @default 'X-Forwarded-Proto' */
  proto_header?: string
}

/** APACHE_LOAD_BALANCE: this listener as one of several. */
export interface LoadBalance {
  /** The balancer's name. */
  balancer: string
  /** This member's name. */
  route: string
  /** @default 1 */
  weight?: number
  /** A path that the worker answers: 200, or 503 while draining. */
  health?: string
  /** @default 'byrequests' */
  method?: 'byrequests' | 'bytraffic' | 'bybusyness' | 'heartbeat'
  /** Tells mod_heartmonitor of this member. */
  heartbeat?: {
    url: string
    /** Seconds. @default 1 */
    interval?: number
  }
  /** The cookie that binds a client to this member. */
  sticky?: string
  /** Take no new clients: health is 503, ready is 0, no cookie is given. What arrives is served. @default false */
  drain?: boolean
}

/** What `query(fd, APACHE_CONFIG)` gives. */
export interface WebServerConfig {
  /** For a server's or a virtual host's section of Apache 2.4. */
  apache: string
  /** nginx: for the `http` section, and for a `server` in it. */
  nginx: { http: string; server: string }
  /** This listener's line in a balancer that has several members. */
  member: { apache: string; nginx: string }
}

export const APACHE_FASTCGI_ENABLE = defineOption({
  number: 300,
  name: 'APACHE_FASTCGI_ENABLE',
  family,
  schema: boolean('The listener speaks FastCGI, as a responder, instead of HTTP.'),
  value: type<boolean>(),
  when: 'before-bind',
  default: false,
})
export const APACHE_FASTCGI_SOCKET = defineOption({
  number: 301,
  name: 'APACHE_FASTCGI_SOCKET',
  family,
  schema: {
    description:
      'Where FastCGI listens when bind says port 0: "127.0.0.1:9001", "unix:/path", or { path, mode, owner: { uid, gid } }.',
    anyOf: [
      text,
      object(
        {
          path: { type: 'string', pattern: '^/' },
          mode: { type: 'integer', minimum: 0, maximum: 0o777 },
          owner: object({ uid: { type: 'integer', minimum: 0 }, gid: { type: 'integer', minimum: 0 } }),
        },
        ['path'],
      ),
    ],
  },
  value: type<FastCgiPlace>(),
  when: 'before-bind',
  check: parsePlace,
})
export const APACHE_PROXY_ENABLE = defineOption({
  number: 302,
  name: 'APACHE_PROXY_ENABLE',
  family,
  schema: {
    description:
      'X-Forwarded-For, -Host and -Proto of trusted peers are believed, and those of others dropped; FastCGI is taken from trusted peers only. true trusts this machine.',
    anyOf: [{ type: 'boolean' }, object({ trusted: peers }, ['trusted'])],
  },
  value: type<boolean | ProxyTrust>(),
  default: false,
  check: (value: boolean | ProxyTrust) => parsePeers(typeof value === 'object' ? value.trusted : []),
})
export const APACHE_PROXY_UPSTREAM = defineOption({
  number: 303,
  name: 'APACHE_PROXY_UPSTREAM',
  family,
  schema: {
    description:
      'How the web server reaches this listener, where it is not the bound address: "http://host:port", "unix:/path", "fcgi://host:port"; with "ws://" or "wss://" upgrades to WebSocket pass too.',
    ...plainText,
  },
  value: type<string>(),
  check: parseUpstream,
})
export const APACHE_STATIC_HANDOFF = defineOption({
  number: 304,
  name: 'APACHE_STATIC_HANDOFF',
  family,
  schema: {
    description:
      'A reply { file } is sent by the web server: its header, and the folder that every file must be in.',
    ...object({ header: { enum: ['X-Sendfile', 'X-Accel-Redirect'] }, root: path, prefix: path }, [
      'header',
      'root',
    ]),
  },
  value: type<StaticHandoff>(),
})
export const APACHE_DYNAMIC_HANDOFF = defineOption({
  number: 305,
  name: 'APACHE_DYNAMIC_HANDOFF',
  family,
  schema: {
    description: 'The paths that the generated configuration sends here.',
    ...object({
      pattern: { type: 'array', items: path, minItems: 1 },
      exclude: { type: 'array', items: path },
      fallback: { type: 'boolean' },
    }),
  },
  value: type<DynamicHandoff>(),
})
export const APACHE_CGI_ENV_VARS = defineOption({
  number: 306,
  name: 'APACHE_CGI_ENV_VARS',
  family,
  schema: {
    description: 'The CGI variables that requests have in env. PATH and HTTP_PROXY never pass.',
    anyOf: [
      { type: 'array', items: { type: 'string', pattern: '^[A-Za-z0-9_*]+$' } },
      object({
        pass: { type: 'array', items: { type: 'string', pattern: '^[A-Za-z0-9_*]+$' } },
        set: {
          type: 'object',
          propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
          additionalProperties: { type: 'string', pattern: '^[^\\u0000-\\u001f"\'\\\\$`]*$' },
        },
      }),
    ],
  },
  value: type<readonly string[] | CgiEnvVars>(),
})
export const APACHE_AUTH_PASSTHROUGH = defineOption({
  number: 307,
  name: 'APACHE_AUTH_PASSTHROUGH',
  family,
  schema: {
    description: 'Requests have whom the web server has authenticated in remote_user.',
    ...object({ source: { enum: ['fastcgi', 'header'] }, header: token, trusted: peers }),
  },
  value: type<AuthPassthrough>(),
  check: ({ trusted = [] }: AuthPassthrough) => parsePeers(trusted),
})
export const APACHE_SSL_TERMINATION = defineOption({
  number: 308,
  name: 'APACHE_SSL_TERMINATION',
  family,
  schema: {
    description:
      'TLS ends at the web server: requests have what it says of it in front.scheme and front.tls.',
    anyOf: [{ type: 'boolean' }, object({ trust: peers, proto_header: token })],
  },
  value: type<boolean | SslTermination>(),
  default: false,
  check: (value: boolean | SslTermination) => parsePeers((typeof value === 'object' && value.trust) || []),
})
export const APACHE_LOAD_BALANCE = defineOption({
  number: 309,
  name: 'APACHE_LOAD_BALANCE',
  family,
  schema: {
    description: 'This listener is one member of a balancer: its health, its heartbeat, its cookie.',
    ...object(
      {
        balancer: token,
        route: token,
        weight: { type: 'integer', minimum: 1, maximum: 100 },
        health: path,
        method: { enum: ['byrequests', 'bytraffic', 'bybusyness', 'heartbeat'] },
        heartbeat: object(
          {
            url: { type: 'string', pattern: '^http://[^\\s"\']+$' },
            interval: { type: 'number', minimum: 0.1, maximum: 3600 },
          },
          ['url'],
        ),
        sticky: token,
        drain: { type: 'boolean' },
      },
      ['balancer', 'route'],
    ),
  },
  value: type<LoadBalance>(),
})
export const APACHE_CONFIG = defineOption({
  number: 310,
  name: 'APACHE_CONFIG',
  family,
  schema: {
    type: ['object', 'null'],
    description: "A web server's configuration for this listener, for Apache and for nginx: asked by query.",
  },
  value: type<WebServerConfig | null>(),
  when: 'read-only',
  journal: 'action',
  default: null,
})
