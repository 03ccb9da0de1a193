/**
 * Matching without the tree: find-my-way takes the most specific place of a shape and does not go back where
 * the types of its parameters do not fit after all, or one of them is empty.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { rawPath } from '@unisock/plugin-http/core'
import { matches } from '../pattern.ts'
import type { Endpoint } from './endpoint.ts'
import type { Place, RouterParams } from './place.ts'

export interface Choice {
  readonly endpoint: Endpoint
  readonly params: RouterParams
}

/** The most specific endpoint that takes a request; `places` in the order of their rank. */
export function secondChoice(
  places: readonly Place[],
  { method, url = '/' }: Pick<IncomingMessage, 'method' | 'url'>,
): Choice | undefined {
  const path = readPath(url)
  if (!path) return undefined
  for (const { methods, endpoints } of places) {
    if (!methods.includes(method!)) continue
    const endpoint = endpoints.find(({ full }) => matches(full, path.segments, path.literals))
    if (endpoint) return { endpoint, params: paramsOf(endpoint, path.segments) }
  }
  return undefined
}

/** The methods of the endpoints that match a path. */
export function methodsAt(endpoints: readonly Endpoint[], url: string): Set<string> {
  const methods = new Set<string>()
  const path = readPath(url)
  if (!path) return methods
  for (const { method, full } of endpoints)
    if (matches(full, path.segments, path.literals)) methods.add(method)
  if (methods.has('GET')) methods.add('HEAD')
  return methods
}

/** What {@link matches} takes; undefined for a path that is not percent-encoded UTF-8. */
function readPath(url: string): { segments: string[]; literals: string[] } | undefined {
  const sent = rawPath(url).slice(1).split('/')
  try {
    return { segments: sent.map(decodeURIComponent), literals: sent.map(decodeURI) }
  } catch {
    return undefined
  }
}

/** As find-my-way would have them. */
function paramsOf({ full }: Endpoint, path: readonly string[]): RouterParams {
  const params: Record<string, string> = {}
  let count = 0
  for (const [index, segment] of full.segments.entries()) {
    if (typeof segment === 'string') continue
    if (segment.type === 'rest') params['*'] = path.slice(index).join('/')
    else params[`p${count++}`] = path[index]!
  }
  return params
}
