/**
 * What stored responses are found by: a template over the request's target.
 * @module
 */
import { parseQuery, rawPath, rawQuery } from '../uri.ts'

/** What a key is made of. */
export interface KeyParts {
  /** In lower case. */
  host: string
  /** The request's target as sent. */
  uri: string
  secure: boolean
}

export type KeyOf = (parts: KeyParts) => string

type Part = (parts: KeyParts) => string

const PLACEHOLDERS: Readonly<Record<string, Part>> = {
  // A stored response serves GET and HEAD; no others are answered from the cache.
  method: () => 'GET',
  scheme: ({ secure }) => (secure ? 'https' : 'http'),
  host: ({ host }) => host,
  path: ({ uri }) => rawPath(uri),
  query: ({ uri }) => rawQuery(uri),
  uri: ({ uri }) => uri,
}

/** A host has no space: two targets never have one key. */
const DEFAULT: KeyOf = ({ host, uri }) => `GET ${host} ${uri}`

/**
 * Compiles CACHE_KEY_PATTERN.
 *
 * @throws {Error} for a placeholder that there is none of.
 */
export function compileKey(pattern: string): KeyOf {
  if (pattern === '') return DEFAULT
  const parts: Part[] = []
  let end = 0
  for (const { 0: whole, 1: name, index } of pattern.matchAll(/\{([^{}]*)\}/g)) {
    parts.push(literal(pattern.slice(end, index)), placeholder(name!))
    end = index + whole.length
  }
  parts.push(literal(pattern.slice(end)))
  return facts => {
    let key = ''
    for (const part of parts) key += part(facts)
    return key
  }
}

function literal(text: string): Part {
  return () => text
}

function placeholder(name: string): Part {
  if (name.startsWith('query.') && name.length > 6) {
    const parameter = name.slice(6)
    return ({ uri }) => JSON.stringify(parseQuery(rawQuery(uri))[parameter] ?? null)
  }
  if (Object.hasOwn(PLACEHOLDERS, name)) return PLACEHOLDERS[name]!
  throw new Error(
    `there is no {${name}}: a key is made of ${Object.keys(PLACEHOLDERS).join(', ')} and query.NAME`,
  )
}
