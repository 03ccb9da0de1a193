/**
 * The head of a handshake's request, as programs read it.
 * @module
 */

export interface HandshakeHead {
  /** The path asked for, as it came, without the query. */
  path: string
  /** The query's values by name; several of one name are a list. */
  query_params: Record<string, string | string[]>
  /** By name in lower case; several fields of one name are joined with commas, cookies with semicolons. */
  headers: Record<string, string>
}

/** @param rawHeaders Names and values in turn. */
export function readHead(url: string, rawHeaders: readonly string[]): HandshakeHead {
  const mark = url.indexOf('?')
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const before = headers[name]
    const separator = name === 'cookie' ? '; ' : ', '
    headers[name] = before === undefined ? rawHeaders[i + 1]! : before + separator + rawHeaders[i + 1]!
  }
  return {
    path: mark < 0 ? url : url.slice(0, mark),
    query_params: readQuery(mark < 0 ? '' : url.slice(mark + 1)),
    headers,
  }
}

function readQuery(query: string): Record<string, string | string[]> {
  const params: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(query)) {
    const before = params[name]
    if (before === undefined) params[name] = value
    else if (typeof before === 'string') params[name] = [before, value]
    else before.push(value)
  }
  return params
}
