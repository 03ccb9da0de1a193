/**
 * What a request's body is, by its Content-Type (RFC 9110 section 8.3).
 * @module
 */

/** `json` is parsed and validated, so is `form`; `text` is decoded; `bytes` are left alone. */
export type BodyForm = 'json' | 'form' | 'text' | 'bytes'

const known = new Map<string, string>()
const MAX_KNOWN = 100

/** Type and subtype in lower case, without parameters; '' where there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  if (contentType === undefined) return ''
  const found = known.get(contentType)
  if (found !== undefined) return found
  const end = contentType.indexOf(';')
  const mediaType = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (known.size < MAX_KNOWN) known.set(contentType, mediaType)
  return mediaType
}

/** How a body of the media type is read. `+json` is RFC 6839's suffix. */
export function formOf(mediaType: string): BodyForm {
  if (mediaType === 'application/json' || mediaType.endsWith('+json')) return 'json'
  if (mediaType === 'application/x-www-form-urlencoded') return 'form'
  return mediaType.startsWith('text/') ? 'text' : 'bytes'
}

/**
 * The key of a route's described bodies that a media type falls under: itself, or a range such as `image/*`.
 * Without a description a route takes JSON and text.
 */
export function acceptedAs(
  mediaType: string,
  described: ReadonlyMap<string, unknown> | undefined,
): string | undefined {
  if (described === undefined) {
    const form = formOf(mediaType)
    return form === 'json' || form === 'text' ? mediaType : undefined
  }
  if (described.has(mediaType)) return mediaType
  const range = `${mediaType.slice(0, mediaType.indexOf('/'))}/*`
  if (described.has(range)) return range
  return described.has('*/*') ? '*/*' : undefined
}
