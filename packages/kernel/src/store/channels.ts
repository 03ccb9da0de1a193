/**
 * Publish and subscribe: which workers listen to what.
 * @module
 */
import { full } from './budget.ts'
import type { StoreLimits } from './limits.ts'
import type { Outlet } from './outlet.ts'
import type { EntryPosition } from './store.ts'

export class Channels {
  readonly #limits: StoreLimits
  readonly #outlets = new Map<string, Set<Outlet>>()

  constructor(limits: StoreLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#outlets.size
  }

  /** @throws SocketError ENOSPC */
  subscribe(outlet: Outlet, channel: string): void {
    if (outlet.channels.has(channel)) return
    if (outlet.channels.size >= this.#limits.subscriptions)
      throw full(`a worker listens to ${this.#limits.subscriptions} channels`)
    outlet.channels.add(channel)
    const outlets = this.#outlets.get(channel)
    if (outlets) outlets.add(outlet)
    else this.#outlets.set(channel, new Set([outlet]))
  }

  unsubscribe(outlet: Outlet, channel: string): void {
    outlet.channels.delete(channel)
    outlet.left(channel)
    const outlets = this.#outlets.get(channel)
    if (outlets?.delete(outlet) && outlets.size === 0) this.#outlets.delete(channel)
  }

  /** Ends everything a worker listens to. */
  leave(outlet: Outlet): void {
    for (const channel of outlet.channels) this.unsubscribe(outlet, channel)
  }

  /** Returns how many workers it went to. */
  publish(channel: string, bytes: Uint8Array, entry?: EntryPosition): number {
    let receivers = 0
    for (const outlet of this.#outlets.get(channel) ?? [])
      if (outlet.offer(channel, bytes, entry)) receivers++
    return receivers
  }
}
