/**
 * Who asks: what a cache must know of a request beside its target.
 * @module
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { admittedOf } from '../apache/door.ts'

export interface Requester {
  readonly headers: IncomingHttpHeaders
  /** The request says who is asking: by an Authorization, by a certificate, or the web server in front says so. */
  readonly isIdentified: boolean
}

/** `certified`: clients of the listener show certificates. */
export function requesterOf(request: IncomingMessage, certified: boolean): Requester {
  const { headers } = request
  const front = admittedOf(request)?.front
  const isIdentified =
    certified ||
    headers.authorization !== undefined ||
    front?.remote_user !== undefined ||
    front?.tls?.client_dn !== undefined
  return { headers, isIdentified }
}

/** What the program may be told of the target beside what the client has sent. */
export function frontTarget(request: IncomingMessage): { host?: string; secure?: boolean; rest: string } {
  const front = admittedOf(request)?.front
  if (!front) return NO_FRONT
  return {
    ...(front.host === undefined ? {} : { host: front.host }),
    ...(front.scheme === undefined ? {} : { secure: front.scheme === 'https' }),
    rest: front.env === undefined ? '' : `\n${JSON.stringify(front.env)}`,
  }
}

const NO_FRONT = { rest: '' }
