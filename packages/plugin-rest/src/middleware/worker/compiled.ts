/**
 * A list of middleware as the worker keeps it.
 * @module
 */
import type { FunctionRef } from '@unisock/kernel/plugin'
import {
  type AnswerFilter,
  Compression,
  EntityTags,
  loadTracing,
  type Tracing,
} from '@unisock/plugin-http/core/worker'
import type { CorsConfig, MiddlewareName, NamedMiddleware, RateLimits } from '../types.ts'
import { BasicAuth } from './basic-auth.ts'
import { helmetFields } from './helmet.ts'

/** An entry as it crosses: functions stay in the owner. */
export type WireMiddleware = MiddlewareName | NamedMiddleware | FunctionRef

/** What a list says. Names have a place of their own each, functions keep their order. */
export interface CompiledMiddleware {
  /** `true`: REST_CORS_CONFIG's, or every page. */
  readonly cors: CorsConfig | true | undefined
  /** `true`: REST_RATE_LIMIT's, or a hundred a minute. */
  readonly rateLimit: RateLimits | true | undefined
  /** Names and values in turn. */
  readonly helmet: readonly string[]
  readonly basic: BasicAuth | undefined
  readonly tracing: Tracing | undefined
  /** In the order in which answers pass them. */
  readonly filters: readonly AnswerFilter[]
  readonly functions: readonly number[]
}

export const EMPTY: CompiledMiddleware = {
  cors: undefined,
  rateLimit: undefined,
  helmet: [],
  basic: undefined,
  tracing: undefined,
  filters: [],
  functions: [],
}

/** @throws {Error} for settings that a name does not take. */
export async function compileMiddleware(list: readonly WireMiddleware[]): Promise<CompiledMiddleware> {
  const { cors, 'rate-limit': rateLimit, helmet, etag, compress, ...rest } = byName(list)
  const { 'basic-auth': basic, 'request-id': requestId } = rest
  return {
    cors: cors && ('origins' in cors ? cors : true),
    rateLimit: rateLimit && ('max' in rateLimit ? withoutName(rateLimit) : true),
    helmet: helmet ? await helmetFields(withoutName(helmet)) : [],
    basic: basic && new BasicAuth(basic),
    tracing: requestId && (await loadTracing(requestId)),
    filters: [
      // A validator is of what was there before it was compressed.
      ...(etag ? [new EntityTags(etag.strength)] : []),
      ...(compress ? [new Compression(compress)] : []),
    ],
    functions: functionsIn(list),
  }
}

type Settings<N extends NamedMiddleware['name']> = Extract<NamedMiddleware, { name: N }>
/** A name alone has nothing beside it. */
type Found = {
  [N in NamedMiddleware['name']]?: N extends 'cors' | 'rate-limit' ? Settings<N> | { name: N } : Settings<N>
}

function byName(list: readonly WireMiddleware[]): Found {
  const found: Record<string, unknown> = {}
  for (const entry of list) {
    if (typeof entry === 'string') found[entry] = { name: entry }
    else if (!isFunction(entry)) found[entry.name] = entry
  }
  return found as Found
}

/** The ids of the functions of a list, in their order. */
export function functionsIn(list: readonly WireMiddleware[] | false | undefined): number[] {
  return (list || []).flatMap(entry => (isFunction(entry) ? [entry.$function] : []))
}

function isFunction(entry: WireMiddleware): entry is FunctionRef {
  return typeof entry === 'object' && '$function' in entry
}

function withoutName<T extends { name: string }>({ name: _name, ...settings }: T): Omit<T, 'name'> {
  return settings
}
