/**
 * Places in the router's tree: find-my-way keeps one route for each method and shape of path, so that routes
 * which differ by a parameter's type alone share one.
 * @module
 */
import { accepts, type ParamType, patternRank, patternShape, toRouterPath } from '../pattern.ts'
import type { Endpoint } from './endpoint.ts'

/** Parameters by position, as {@link toRouterPath} names them; `*` is the rest. */
export type RouterParams = Readonly<Record<string, string>>

export interface Place {
  readonly methods: readonly string[]
  readonly path: string
  readonly endpoints: readonly Endpoint[]
  /** Undefined where the shape matched but no route's types do. */
  choose(params: RouterParams): Endpoint | undefined
}

/** The value of the parameter at a position. */
export function paramAt(params: RouterParams, index: number, type: ParamType): string {
  return (type === 'rest' ? params['*'] : params[NAMES[index] ?? `p${index}`]) ?? ''
}

const NAMES = Array.from({ length: 8 }, (_, index) => `p${index}`)

/**
 * Gathers routes in places, the most specific first. A GET answers HEAD too, unless HEAD has a route of its own
 * there.
 */
export function placesOf(endpoints: readonly Endpoint[]): Place[] {
  const groups = new Map<string, Endpoint[]>()
  for (const endpoint of endpoints) {
    const key = `${endpoint.method} ${patternShape(endpoint.full)}`
    const group = groups.get(key)
    if (group) group.push(endpoint)
    else groups.set(key, [endpoint])
  }
  const places = [...groups].map(([key, own]) => {
    const { method, full } = own[0]!
    // Types may leave a HEAD to the GET beside it.
    const group = method === 'HEAD' ? [...own, ...(groups.get(key.replace('HEAD', 'GET')) ?? [])] : own
    const answersHead = method === 'GET' && !groups.has(key.replace('GET', 'HEAD'))
    const types = (index: number) => new Set(group.map(endpoint => endpoint.full.params[index]!.type))
    return {
      methods: answersHead ? ['GET', 'HEAD'] : [method],
      path: toRouterPath(full, types),
      rank: patternRank(full),
      endpoints: group,
      choose:
        group.length === 1
          ? alone(group[0]!)
          : (params: RouterParams) => group.find(endpoint => fits(endpoint, params)),
    }
  })
  return places.sort((a, b) => (a.rank < b.rank ? -1 : Number(a.rank > b.rank)))
}

/** The tree has checked the types of a route that is alone in its place, but lets parameters be empty. */
function alone(endpoint: Endpoint): Place['choose'] {
  const texts = endpoint.full.params.flatMap(({ type }, index) => (type === 'text' ? [index] : []))
  if (texts.length === 0) return () => endpoint
  return params => (texts.some(index => paramAt(params, index, 'text') === '') ? undefined : endpoint)
}

function fits({ full }: Endpoint, params: RouterParams): boolean {
  const known = full.params
  for (let i = 0; i < known.length; i++) {
    const { type } = known[i]!
    if (!accepts(type, paramAt(params, i, type))) return false
  }
  return true
}
