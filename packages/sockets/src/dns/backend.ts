/**
 * Where addresses of names come from: the contract, the system's resolver and DNS servers of one's choice.
 * @module
 */
import { lookup, type promises } from 'node:dns'
import { type IPAddr, type IPFamily, IPv4, IPv6, parseIP } from '../address/index.ts'
import { DNSError } from '../errors.ts'

/** What a name stands for, in the order of preference. */
export interface Resolution {
  readonly addresses: readonly IPAddr[]
  /** Seconds the answer may be kept, where the source says so. */
  readonly ttl?: number
}

/**
 * Resolves a checked name that is no literal. `family` 0 is both.
 *
 * @throws {DNSError} with the resolver's code.
 */
export type ResolverBackend = (host: string, family: 0 | IPFamily) => Promise<Resolution>

/** The system's getaddrinfo(3): hosts file, DNS and what else is configured, ordered by RFC 6724. */
export const systemBackend: ResolverBackend = (host, family) => {
  const { promise, resolve, reject } = Promise.withResolvers<Resolution>()
  lookup(host, { all: true, family, order: 'verbatim' }, (error, found) => {
    if (error) reject(new DNSError(host, error.code ?? 'ENOTFOUND', { cause: error }))
    else resolve({ addresses: found.map(({ address }) => parseIP(address)) })
  })
  return promise
}

/** RFC 6761 section 6.3: such names are never asked of a server. */
function isLocalhost(host: string): boolean {
  const name = (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost')
}

interface Record {
  address: string
  ttl: number
}

/** The DNS servers of a resolver of node:dns, with the records' own TTLs; no hosts file, and IPv6 first. */
export function dnsBackend(resolver: promises.Resolver): ResolverBackend {
  return async (host, family) => {
    if (isLocalhost(host))
      return { addresses: [IPv6.LOOPBACK, IPv4.LOOPBACK].filter(it => family === 0 || it.family === family) }
    const queries: Promise<Record[]>[] = []
    if (family !== 4) queries.push(resolver.resolve6(host, { ttl: true }))
    if (family !== 6) queries.push(resolver.resolve4(host, { ttl: true }))
    const answers = await Promise.allSettled(queries)
    const records = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
    if (records.length === 0) throw toError(host, answers)
    return {
      addresses: records.map(({ address }) => parseIP(address)),
      ttl: Math.min(...records.map(({ ttl }) => ttl)),
    }
  }
}

/** A server that failed tells less than one that says there is nothing: its code is the one to report. */
function toError(host: string, answers: readonly PromiseSettledResult<unknown>[]): DNSError {
  const causes = answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason] : []))
  const cause = causes.find(({ code }) => !isNotFound(code)) ?? causes[0]
  return new DNSError(host, cause?.code ?? 'ENODATA', { cause })
}

/** Whether a resolver's code says that the name, or an address of it, does not exist. */
export function isNotFound(code: string | undefined): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA'
}
