/**
 * The parts of a request's target (RFC 9112 section 3.2).
 * @module
 */
import querystring from 'node:querystring'

/** Query parameters; a repeated key has an array. */
export type QueryParams = Record<string, string | string[] | undefined>

/** Where the path begins: behind the authority of an absolute-form target, which a proxy's client sends. */
function pathStart(uri: string): number {
  if (uri.charCodeAt(0) === 0x2f) return 0
  const scheme = uri.indexOf('://')
  if (scheme <= 0) return 0
  for (let i = scheme + 3; i < uri.length; i++) {
    const code = uri.charCodeAt(i)
    if (code === 0x2f || code === 0x3f || code === 0x23) return i
  }
  return uri.length
}

function cut(uri: string, from: number): number {
  const hash = uri.indexOf('#', from)
  return hash < 0 ? uri.length : hash
}

/** The path as it was sent. */
export function rawPath(uri: string): string {
  const from = pathStart(uri)
  const end = cut(uri, from)
  const query = uri.indexOf('?', from)
  return uri.slice(from, query >= 0 && query < end ? query : end) || '/'
}

/** What is between `?` and `#`, as it was sent. */
export function rawQuery(uri: string): string {
  const from = pathStart(uri)
  const query = uri.indexOf('?', from)
  const end = cut(uri, from)
  return query < 0 || query > end ? '' : uri.slice(query + 1, end)
}

/** Decodes as a form does: `+` is a space; invalid escapes are kept. */
export function parseQuery(query: string): QueryParams {
  return query === '' ? Object.create(null) : querystring.parse(query, '&', '=', { maxKeys: 0 })
}

/**
 * Decodes percent-escapes (RFC 3986 section 2.1). `+` is left alone, and so are escapes that are incomplete or are not
 * UTF-8.
 */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path.replace(/(?:%[0-9a-f]{2})+/gi, decodeRun)
  }
}

/** Decodes a run of escapes, each sequence of UTF-8 for itself. */
function decodeRun(run: string): string {
  let text = ''
  for (let at = 0; at < run.length; ) {
    const end = at + 3 * sequenceLength(Number.parseInt(run.slice(at + 1, at + 3), 16))
    const decoded = decodeSequence(run.slice(at, end))
    text += decoded ?? run.slice(at, at + 3)
    at = decoded === undefined ? at + 3 : end
  }
  return text
}

/** RFC 3629 section 3: how many bytes a first byte announces. */
function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4
  if (first >= 0xe0) return 3
  return first >= 0xc0 ? 2 : 1
}

function decodeSequence(escapes: string): string | undefined {
  try {
    return decodeURIComponent(escapes)
  } catch {
    return undefined
  }
}
