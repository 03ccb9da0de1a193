/**
 * What a proxy says of a request in header fields, and what nobody else may say.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Addr } from '@unisock/kernel/plugin'
import { parseHeaders } from '../headers.ts'
import { utf8 } from './cgi.ts'
import { type Compiled, FORWARDED_FIELDS, TLS_FIELDS } from './compiled.ts'
import type { Admitted, Front, FrontTls } from './front.ts'
import type { TrustedPeers } from './peers.ts'

/** Drops the fields that this peer may not say from the request; gives the names of those that were there. */
export function untrustedFields(request: IncomingMessage, peer: Addr, compiled: Compiled): string[] {
  const { forwarders, auth, tls } = compiled
  const suspect = new Set<string>()
  if (forwarders && !forwarders.has(peer)) for (const name of FORWARDED_FIELDS) suspect.add(name)
  if (auth && !auth.fromCgi && !auth.peers.has(peer)) suspect.add(auth.header)
  if (tls && !tls.peers.has(peer)) {
    suspect.add(tls.protoHeader)
    for (const name of Object.values(TLS_FIELDS)) suspect.add(name)
  }
  const { headers } = request
  const present = [...suspect].filter(name => headers[name] !== undefined)
  if (present.length > 0) drop(request, present)
  return present
}

function drop(request: IncomingMessage, names: readonly string[]): void {
  const { rawHeaders } = request
  const kept: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (!names.includes(rawHeaders[i]!.toLowerCase())) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  request.rawHeaders = kept
  request.headers = parseHeaders(kept)
}

/** What the peer is believed. */
export function forwarded(
  { headers }: IncomingMessage,
  peer: Addr,
  compiled: Compiled,
): Admitted | undefined {
  const { forwarders, auth, tls } = compiled
  const forwards = forwarders?.has(peer) === true
  const names = auth !== undefined && !auth.fromCgi && auth.peers.has(peer)
  const terminates = tls?.peers.has(peer) === true
  if (!forwards && !names && !terminates) return undefined
  const front: Front = { via: 'proxy', peer }
  let client: Addr | undefined
  if (forwards) {
    client = clientOf(one(headers['x-forwarded-for']), forwarders)
    const host = last(one(headers['x-forwarded-host']))
    if (host !== undefined) front.host = host
    addScheme(front, one(headers['x-forwarded-proto']))
  }
  if (terminates) {
    addScheme(front, one(headers[tls.protoHeader]))
    if (front.scheme === 'https') front.tls = tlsOf(headers)
  }
  const user = names ? one(headers[auth.header]) : undefined
  // Apache writes (null) for a variable that is not set.
  if (user && user !== '(null)') front.remote_user = utf8(user)
  return { front, client }
}

function one(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(', ') : field
}

/** The entry of the nearest proxy: those before it came with the request. */
function last(field: string | undefined): string | undefined {
  return field?.slice(field.lastIndexOf(',') + 1).trim() || undefined
}

function addScheme(front: Front, field: string | undefined): void {
  const scheme = last(field)?.toLowerCase()
  if (scheme === 'http' || scheme === 'https') front.scheme = scheme
}

/** The last entry that no trusted proxy made of another: what is before it, anybody can have written. */
function clientOf(field: string | undefined, trusted: TrustedPeers): Addr | undefined {
  if (field === undefined) return undefined
  const entries = field.split(',')
  let client: Addr | undefined
  for (let i = entries.length - 1; i >= 0; i--) {
    const addr = parseEntry(entries[i]!.trim())
    if (!addr) break
    client = addr
    if (!trusted.has(addr)) break
  }
  return client
}

/** An address, with or without a port. */
function parseEntry(entry: string): Addr | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/i.exec(entry)
  const address = match ? (match[1] ?? match[2]!) : entry
  const version = isIP(address)
  if (version === 0) return undefined
  return { address, port: Number(match?.[3] ?? 0), family: version === 6 ? 'IPv6' : 'IPv4' }
}

function tlsOf(headers: IncomingMessage['headers']): FrontTls {
  const found: FrontTls = {}
  for (const [key, name] of Object.entries(TLS_FIELDS) as [keyof FrontTls, string][]) {
    const value = one(headers[name])
    if (value && value !== '(null)') found[key] = utf8(value)
  }
  return found
}
