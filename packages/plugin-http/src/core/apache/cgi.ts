/**
 * What CGI variables say beyond the request itself.
 * @module
 */
import { isIP } from 'node:net'
import type { Addr } from '@unisock/kernel/plugin'
import type { Compiled } from './compiled.ts'
import type { Front, FrontTls } from './front.ts'

/** The client as the web server saw it; undefined where REMOTE_ADDR is no address. */
export function cgiClient(variables: readonly string[]): Addr | undefined {
  const address = variableOf(variables, 'REMOTE_ADDR') ?? ''
  const version = isIP(address)
  if (version === 0) return undefined
  const port = Number(variableOf(variables, 'REMOTE_PORT') ?? 0)
  const known = Number.isInteger(port) && port >= 0 && port <= 65_535
  return { address, port: known ? port : 0, family: version === 6 ? 'IPv6' : 'IPv4' }
}

function variableOf(variables: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < variables.length; i += 2) if (variables[i] === name) return variables[i + 1]
  return undefined
}

/** Undefined where no option asks for any of it. */
export function cgiFront(
  variables: readonly string[],
  peer: Addr,
  { auth, tls, env: passes }: Compiled,
): Front | undefined {
  if (!auth && !tls && !passes) return undefined
  const front: Front = { via: 'fastcgi', peer }
  const found: FrontTls = {}
  const env: Record<string, string> = {}
  let secure = false
  for (let i = 0; i + 1 < variables.length; i += 2) {
    const name = variables[i]!
    const value = variables[i + 1]!
    if (passes?.(name)) env[name] = value
    // nginx sends what it does not know as an empty text.
    if (value === '') continue
    switch (name) {
      case 'REMOTE_USER':
        if (auth?.fromCgi) front.remote_user = utf8(value)
        break
      case 'AUTH_TYPE':
        if (auth?.fromCgi) front.auth_type = value
        break
      case 'HTTPS':
        secure = value.toLowerCase() === 'on'
        break
      case 'HTTP_HOST':
        front.host = value
        break
      case 'SSL_PROTOCOL':
        found.protocol = value
        break
      case 'SSL_CIPHER':
        found.cipher = value
        break
      case 'SSL_CLIENT_VERIFY':
        found.client_verify = value
        break
      case 'SSL_CLIENT_S_DN':
        found.client_dn = utf8(value)
        break
    }
  }
  if (tls) {
    front.scheme = secure ? 'https' : 'http'
    if (secure) front.tls = found
  }
  if (passes) front.env = env
  return front
}

/** Names may be in any script: what are bytes of UTF-8 in Latin-1 so far. */
export function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
