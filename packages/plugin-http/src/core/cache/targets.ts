/**
 * Targets that an answer names.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { singleOf } from './fields.ts'

/** The target on the request's own host that a Location or Content-Location means; undefined: it is elsewhere. */
export function localTarget({ headers, url = '' }: IncomingMessage, reference: string): string | undefined {
  const base = `http://${headers.host ?? 'localhost'}`
  try {
    const origin = new URL(base)
    const { host, pathname, search } = new URL(reference, new URL(url, origin))
    return host === origin.host || reference.startsWith(`https://${headers.host}/`)
      ? pathname + search
      : undefined
  } catch {
    return undefined
  }
}

/** Whether an answer says that it is what a GET of the request's target would have (RFC 9110 section 8.7). */
export function isOfTarget(request: IncomingMessage, fields: readonly string[]): boolean {
  const location = singleOf(fields, 'content-location')
  return location !== undefined && localTarget(request, location) === request.url
}

/** What a HEAD says of the length; undefined where it does not. */
export function lengthIn(fields: readonly string[]): number | undefined {
  const length = singleOf(fields, 'content-length')
  return length === undefined ? undefined : Number(length)
}
