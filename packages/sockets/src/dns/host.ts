/**
 * What may be asked of a resolver.
 * @module
 */
import { SocketsError } from '../errors.ts'

/** RFC 1035 section 2.3.4: 255 octets on the wire leave 253 characters. */
const MAX_NAME = 253
const MAX_LABEL = 63
/** The forbidden host code points of the URL standard, beside control characters and space. */
const FORBIDDEN = '#%/:<>?@[\\]^|'

/**
 * Refuses what is no host name before a resolver sees it. A name whose last label is a number is refused as well:
 * resolvers take `127.1` or `0x7f000001` for addresses.
 *
 * @throws {SocketsError} `ERR_INVALID_HOST`
 */
export function checkHost(host: string): void {
  const reason = fault(host)
  if (reason === undefined) return
  throw new SocketsError('ERR_INVALID_HOST', `${shown(host)} is not a host name: ${reason}`, {
    operation: 'getAddrInfo',
  })
}

function fault(host: unknown): string | undefined {
  if (typeof host !== 'string') return 'it is no string'
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  if (name.length === 0) return 'it is empty'
  if (name.length > MAX_NAME) return `it is longer than ${MAX_NAME} characters`
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f || FORBIDDEN.includes(name[i]!))
      return `it has a character that no name may have, at ${i}`
  }
  const labels = name.split('.')
  for (const label of labels) {
    if (label.length === 0) return 'it has an empty label'
    if (label.length > MAX_LABEL) return `it has a label longer than ${MAX_LABEL} characters`
  }
  return isNumber(labels.at(-1)!) ? 'its last label is a number' : undefined
}

function isNumber(label: string): boolean {
  return /^(?:[0-9]+|0x[0-9a-f]*)$/i.test(label)
}

function shown(host: unknown): string {
  const text = typeof host === 'string' ? JSON.stringify(host) : String(host)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
