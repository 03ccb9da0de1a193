/**
 * The limits of one router. They outlive the apps that ask them: a changed route begins nobody's window anew.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import type { RateLimits, RestRateLimit } from '../types.ts'
import { digest, RateLimiter } from './rate-limiter.ts'

export class Limiters {
  readonly #socket: PluginSocket
  #known = new Map<string, RateLimiter>()
  #used = new Map<string, RateLimiter>()
  #failing = false

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** The limiters of a scope: those there were where the limits are the same. */
  for(scope: string, limits: RateLimits): RateLimiter[] {
    return (Array.isArray(limits) ? limits : [limits]).map((limit: RestRateLimit) =>
      this.#limiter(scope, limit),
    )
  }

  /** Forgets those that nobody has asked for since it was called last. */
  sweep(): void {
    this.#known = this.#used
    this.#used = new Map()
  }

  inspect(): { policy: string; clients: number; unsaved: number }[] {
    return [...this.#known.values()].map(({ policy, size, unsaved }) => ({ policy, clients: size, unsaved }))
  }

  #limiter(scope: string, limit: RestRateLimit): RateLimiter {
    const name = digest(`rest-limit/${this.#socket.fd}/`, `${scope} ${limit.policy ?? 'default'}`)
    const key = name + JSON.stringify(limit)
    const limiter = this.#used.get(key) ?? this.#known.get(key) ?? this.#create(name, limit)
    this.#used.set(key, limiter)
    return limiter
  }

  #create(name: string, limit: RestRateLimit): RateLimiter {
    const { store } = this.#socket
    return new RateLimiter({
      limit,
      name,
      store: store.outlivesWorker ? store : undefined,
      onError: error => this.#failed(error),
    })
  }

  #failed(error: Error): void {
    if (this.#failing) return
    this.#failing = true
    this.#socket.store.onBack(() => {
      this.#failing = false
    })
    this.#socket.log('warn', `rate limits are counted in the worker alone: ${error.message}`)
  }
}
