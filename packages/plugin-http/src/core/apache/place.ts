/**
 * Where FastCGI is listened for.
 * @module
 */
import { SocketError, type Target } from '@unisock/kernel/plugin'

/** A unix socket with the rights of its file, which the web server's user must be able to write. */
export interface FastCgiPath {
  path: string
  /** Bits of the file's mode. @default 0o660 */
  mode?: number
  /** Numbers of the user and the group that the file is given to. */
  owner?: { uid?: number; gid?: number }
}

export type FastCgiPlace = string | FastCgiPath

/** @throws {Error} for what is neither `unix:/path` nor `host:port`. */
export function parsePlace(place: FastCgiPlace): { host: string; port: number } | FastCgiPath {
  if (typeof place === 'object') return place
  if (place.startsWith('unix:/')) return { path: place.slice('unix:'.length) }
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]/\s]+)):(\d{1,5})$/i.exec(place)
  const port = Number(match?.[3])
  if (!match || port > 65_535)
    throw new Error(
      `${JSON.stringify(place)} is no place for FastCGI: 127.0.0.1:9001, [::1]:9001 or unix:/path`,
    )
  return { host: match[1] ?? match[2]!, port }
}

/**
 * The place to listen at, where the option names one: `bind` leaves the choice to it with port 0. A restarted listener
 * is bound to the port that it had.
 *
 * @throws {SocketError} `EINVAL` when `bind` says another.
 */
export function fastCgiTarget(place: FastCgiPlace, asked: Target): Target {
  const { path, host, port } = { path: undefined, host: undefined, port: undefined, ...parsePlace(place) }
  const askedPort = asked.port ?? 0
  if (asked.path === undefined && path !== undefined && askedPort === 0) return { path }
  if (asked.path === undefined && port !== undefined && (askedPort === 0 || port === 0 || askedPort === port))
    return { host: host!, port: port || askedPort }
  throw new SocketError('EINVAL', 'APACHE_FASTCGI_SOCKET (301) says where to listen: bind to port 0', {
    op: 'bind',
  })
}
