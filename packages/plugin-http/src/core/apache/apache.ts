/**
 * Apache 2.4's configuration for a listener.
 * @module
 */
import { TLS_FIELDS, TLS_VARIABLES } from './compiled.ts'
import type { ConfigFacts } from './config.ts'
import type { FrontTls } from './front.ts'

/** Seconds between checks of a member's health. */
const HEALTH_INTERVAL = 2

/** The directives, for a server or a virtual host. */
export function apacheConfig(facts: ConfigFacts): string {
  return [
    `# Needs: ${modules(facts).join(' ')}`,
    ...proxy(facts),
    ...routes(facts),
    ...fields(facts),
    ...variables(facts),
    ...handoff(facts),
    ...heartbeat(facts),
    '',
  ].join('\n')
}

/** This listener as one of a balancer's members. */
export function apacheMember(facts: ConfigFacts): string {
  const { balance, upstream } = facts
  const words = [`BalancerMember "${target(facts)}"`, ...parameters(facts)]
  if (balance) words.push(`route=${balance.route}`, `loadfactor=${balance.weight ?? 1}`)
  // Checks find their member by its host's name: they take one on a unix socket for dead.
  if (balance?.health !== undefined && upstream.path === undefined)
    words.push(
      // They speak HTTP.
      ...(upstream.protocol === 'fcgi' ? ['hcmethod=TCP'] : ['hcmethod=GET', `hcuri=${balance.health}`]),
      `hcinterval=${HEALTH_INTERVAL}`,
    )
  return words.join(' ')
}

function modules({
  upstream,
  balance,
  authHeader,
  protoHeader,
  forwards,
  env,
  handoff,
}: ConfigFacts): string[] {
  const needed = ['mod_proxy', upstream.protocol === 'fcgi' ? 'mod_proxy_fcgi' : 'mod_proxy_http']
  if (balance)
    needed.push('mod_proxy_balancer', `mod_lbmethod_${balance.method ?? 'byrequests'}`, 'mod_slotmem_shm')
  if (balance?.health !== undefined && upstream.path === undefined)
    needed.push('mod_proxy_hcheck', 'mod_watchdog')
  if (balance?.heartbeat) needed.push('mod_heartmonitor')
  if (upstream.protocol !== 'fcgi' && (authHeader !== undefined || protoHeader !== undefined || forwards))
    needed.push('mod_headers')
  if (Object.keys(env).length > 0) needed.push('mod_env')
  if (handoff?.header === 'X-Sendfile') needed.push('mod_xsendfile')
  return needed
}

/** The backend, without a path. */
function target({ upstream: { protocol, authority, path }, name, balance }: ConfigFacts): string {
  if (path === undefined) return `${protocol}://${authority}`
  // Apache takes members of the same host for one, whatever their paths are.
  return `unix:${path}|${protocol}://${balance ? `${name}-${balance.route}` : name}`
}

/** What connections are used again, and for how long: the server must not close one that Apache is about to use. */
function parameters({ upstream: { protocol, websocket }, idle }: ConfigFacts): string[] {
  if (protocol === 'fcgi') return ['enablereuse=on', 'flushpackets=auto']
  const words = idle > 0 ? [`ttl=${idle}`] : []
  if (websocket) words.push('upgrade=websocket')
  return words
}

function proxy(facts: ConfigFacts): string[] {
  const { balance } = facts
  if (!balance) return []
  const set = [`lbmethod=${balance.method ?? 'byrequests'}`]
  if (balance.sticky !== undefined) set.push(`stickysession=${balance.sticky}`)
  return [
    `<Proxy "balancer://${balance.balancer}">`,
    `  ${apacheMember(facts)}`,
    `  ProxySet ${set.join(' ')}`,
    '</Proxy>',
  ]
}

/** What is excluded comes first: the first that matches decides. */
function routes(facts: ConfigFacts): string[] {
  const { patterns, excluded, balance, fallback, upstream } = facts
  const to = balance ? `balancer://${balance.balancer}` : target(facts)
  const words = balance ? [] : parameters(facts)
  // The client's own spelling of the path; FastCGI has it in REQUEST_URI.
  if (upstream.protocol !== 'fcgi') words.push('nocanon')
  const lines = excluded.map(path => `ProxyPass "${path}" "!"`)
  for (const path of patterns) lines.push([`ProxyPass "${path}" "${to}${path}"`, ...words].join(' '))
  // Else Apache answers 404 for a path with an escaped slash.
  lines.push('AllowEncodedSlashes NoDecode')
  if (upstream.protocol !== 'fcgi') lines.push('ProxyPreserveHost On')
  if (fallback) lines.push('ProxyErrorOverride On 404')
  return lines
}

/** A client's own spelling of these fields never gets through. */
function fields({ upstream, forwards, authHeader, protoHeader }: ConfigFacts): string[] {
  if (upstream.protocol === 'fcgi')
    return protoHeader === undefined
      ? []
      : ['<IfModule ssl_module>', '  SSLOptions +StdEnvVars', '</IfModule>']
  const lines: string[] = []
  if (forwards || protoHeader !== undefined)
    lines.push(`RequestHeader set ${protoHeader ?? 'X-Forwarded-Proto'} "expr=%{REQUEST_SCHEME}"`)
  if (protoHeader !== undefined) {
    for (const name of Object.values(TLS_FIELDS)) lines.push(`RequestHeader unset ${name} early`)
    lines.push('<IfModule ssl_module>')
    for (const [key, name] of Object.entries(TLS_FIELDS))
      lines.push(`  RequestHeader set ${name} "%{${TLS_VARIABLES[key as keyof FrontTls]}}s"`)
    lines.push('</IfModule>')
  }
  if (authHeader !== undefined)
    lines.push(
      `RequestHeader unset ${authHeader} early`,
      `RequestHeader set ${authHeader} "expr=%{REMOTE_USER}"`,
    )
  return lines
}

function variables({ env }: ConfigFacts): string[] {
  return Object.entries(env).map(([name, value]) => `SetEnv ${name} "${value}"`)
}

/** Without its module Apache does not start: better than to send clients the path and no file. */
function handoff({ handoff }: ConfigFacts): string[] {
  if (!handoff) return []
  if (handoff.header !== 'X-Sendfile') return ['# X-Accel-Redirect is for nginx: Apache takes X-Sendfile.']
  return ['XSendFile On', `XSendFilePath "${handoff.root}"`]
}

function heartbeat({ balance }: ConfigFacts): string[] {
  if (!balance?.heartbeat) return []
  return [
    '# Outside of virtual hosts, with a multicast address that is free: HeartbeatListen 239.0.0.1:27999',
    `<Location "${new URL(balance.heartbeat.url).pathname}">`,
    '  SetHandler heartbeat',
    '  Require local',
    '</Location>',
  ]
}
