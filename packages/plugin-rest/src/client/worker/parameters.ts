/**
 * How parameters are written (OpenAPI 3.1 section 4.8.12.2, RFC 6570): in the path, the query, header fields and cookies.
 * @module
 */
import { isObject } from './pointer.ts'

/** A parameter of an operation. */
export interface ApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly required: boolean
  readonly style: string
  readonly explode: boolean
  /** It is described by a media type: JSON text. */
  readonly json: boolean
}

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/** A segment of a path. @throws {Error} for a value that would be another path */
export function pathText({ name, explode, json }: ApiParameter, value: unknown): string {
  const written = json ? [JSON.stringify(value)] : items(value, explode, '=')
  const segment = written.map(encodeURIComponent).join(',')
  if (segment === '' || segment === '.' || segment === '..')
    throw new Error(`params.${name}: ${JSON.stringify(value)} is no segment of a path`)
  return segment
}

/** Pairs of a query. */
export function queryPairs({ name, style, explode, json }: ApiParameter, value: unknown): [string, string][] {
  if (json) return [[name, JSON.stringify(value)]]
  if (Array.isArray(value)) {
    if (explode && style === 'form') return value.map(item => [name, text(item)])
    const separator = style === 'spaceDelimited' ? ' ' : style === 'pipeDelimited' ? '|' : ','
    return [[name, value.map(text).join(separator)]]
  }
  if (!isObject(value)) return [[name, text(value)]]
  const entries = Object.entries(value)
  if (style === 'deepObject') return entries.map(([key, item]) => [`${name}[${key}]`, text(item)])
  if (explode) return entries.map(([key, item]) => [key, text(item)])
  return [[name, items(value, false, ',').join(',')]]
}

/** The value of a header field or a cookie. */
export function fieldText({ explode, json }: ApiParameter, value: unknown): string {
  return json ? JSON.stringify(value) : items(value, explode, '=').join(',')
}

function items(value: unknown, explode: boolean, between: string): string[] {
  if (Array.isArray(value)) return value.map(text)
  if (!isObject(value)) return [text(value)]
  return Object.entries(value).flatMap(([key, item]) =>
    explode ? [`${key}${between}${text(item)}`] : [key, text(item)],
  )
}
