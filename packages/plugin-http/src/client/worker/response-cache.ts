/**
 * A client's cache: undici's, within what the options say (RFC 9111).
 * @module
 */
import { type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import type { Agent, Dispatcher } from 'undici'
import { CACHE_ENABLE, CACHE_MAX_SIZE, CACHE_METHODS, CACHE_TTL } from '../../core/cache/options.ts'
import { HTTP_CACHE_TYPE } from '../options.ts'
import type { Outgoing } from './redirect.ts'

/** The options that it is made by. */
export const CACHE_OPTIONS: readonly number[] = [
  CACHE_ENABLE,
  CACHE_TTL,
  CACHE_MAX_SIZE,
  CACHE_METHODS,
  HTTP_CACHE_TYPE,
]

/** Bytes of one response that is stored, unless the cache is smaller than that. */
const MAX_ENTRY = 5 * 1024 * 1024

/** What the server was asked and said, for the one request that it is about. */
export interface Asked {
  status: number | undefined
}

/** Hears of a request by whose word its response was made. */
export interface CacheAware extends Dispatcher.DispatchHandler {
  asked: Asked | undefined
}

/** Where what was asked is noted, through the copies that undici makes of a request. */
const ASKED = Symbol('unisock.http.asked')

/** @throws {SocketError} `EINVAL` for what a client's cache has no part in */
export function checkCacheMethods(methods: readonly string[]): void {
  if (methods.includes('POST'))
    throw new SocketError(
      'EINVAL',
      "CACHE_METHODS (205): a client's cache has GET and HEAD; POST is for servers",
      {
        op: 'setOption',
      },
    )
}

export class ClientCache {
  readonly #dispatcher: Dispatcher
  readonly #isShared: boolean

  constructor({ cacheStores, interceptors }: typeof import('undici'), agent: Agent, socket: PluginSocket) {
    const maxSize = socket.option(CACHE_MAX_SIZE)
    const type = socket.option(HTTP_CACHE_TYPE)
    this.#isShared = type === 'shared'
    const store = new cacheStores.MemoryCacheStore({ maxSize, maxEntrySize: Math.min(MAX_ENTRY, maxSize) })
    this.#dispatcher = agent.compose(
      noting,
      interceptors.cache({
        store: this.#isShared ? heedingUsers(store) : store,
        methods: socket.option(CACHE_METHODS) as ('GET' | 'HEAD')[],
        // Of milliseconds, whatever its documentation says.
        cacheByDefault: socket.option(CACHE_TTL) * 1000,
        type,
      }),
    )
  }

  /**
   * Whether a request goes through it. What one user's cookies have brought is for no other; what was asked for in a
   * coding, or in part, is not what other requests want of the same URL.
   */
  takes({ method, headers, decode }: Outgoing): boolean {
    if (method !== 'GET' && method !== 'HEAD') return true
    if (!decode) return false
    if (!this.#isShared) return true
    for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === 'cookie') return false
    return true
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: CacheAware): void {
    const asked: Asked = { status: undefined }
    handler.asked = asked
    this.#dispatcher.dispatch({ ...options, [ASKED]: asked } as Dispatcher.DispatchOptions, handler)
  }
}

type MemoryStore = InstanceType<typeof import('undici').cacheStores.MemoryCacheStore>
/** What is in memory is there at once. */
type Found = Awaited<ReturnType<MemoryStore['get']>>

/** Who says who asks is not told what nobody was, unless that is for everybody (RFC 9111 section 3.5). */
function heedingUsers(store: MemoryStore): MemoryStore {
  const get = store.get.bind(store)
  store.get = key => {
    const found = get(key) as Found
    return found && key.headers?.authorization !== undefined && !isForAll(found) ? undefined : found
  }
  return store
}

function isForAll({ cacheControlDirectives: said }: NonNullable<Found>): boolean {
  return said !== undefined && ('public' in said || 's-maxage' in said || 'must-revalidate' in said)
}

/** Whether a response was made of what was stored: nobody was asked, or said something else than this. */
export function isFromCache(asked: Asked | undefined, status: number, age: unknown): boolean {
  return asked !== undefined && asked.status !== status && age !== undefined
}

/** Stands between the cache and the network. */
const noting: Dispatcher.DispatcherComposeInterceptor = dispatch => (options, handler) => {
  const asked = (options as { [ASKED]?: Asked })[ASKED]
  return dispatch(options, asked ? new Noting(handler, asked) : handler)
}

class Noting implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #asked: Asked

  constructor(handler: Dispatcher.DispatchHandler, asked: Asked) {
    this.#handler = handler
    this.#asked = asked
  }

  onRequestStart(...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onRequestStart']>>): void {
    this.#handler.onRequestStart?.(...parameters)
  }

  onResponseStart(
    ...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>
  ): void {
    if (parameters[1] >= 200) this.#asked.status = parameters[1]
    this.#handler.onResponseStart?.(...parameters)
  }

  onResponseData(...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseData']>>): void {
    this.#handler.onResponseData?.(...parameters)
  }

  onResponseEnd(...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>): void {
    this.#handler.onResponseEnd?.(...parameters)
  }

  onResponseError(
    ...parameters: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseError']>>
  ): void {
    this.#handler.onResponseError?.(...parameters)
  }
}
