/**
 * What one worker listens to, and who in it.
 * @module
 */
import { type SocketError, toSocketError } from '../errors.ts'
import type { ChannelListener, EntryPosition } from './store.ts'
import { unpackValue } from './value-codec.ts'

const RENEWED_AT_ONCE = 1000

interface Member {
  readonly listener: ChannelListener
  readonly onMissed: ((count: number) => void) | undefined
}

interface Subscription {
  readonly members: Set<Member>
  /** The store has confirmed it. */
  readonly made: Promise<unknown>
}

/** How a worker tells the store what it listens to. */
export interface SubscriptionPort {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
}

export class Subscriptions {
  readonly #port: SubscriptionPort
  readonly #onError: (error: Error) => void
  readonly #channels = new Map<string, Subscription>()

  /** `onError` gets what listeners throw. */
  constructor(port: SubscriptionPort, onError: (error: Error) => void) {
    this.#port = port
    this.#onError = onError
  }

  /** Resolves with the undo once the store has confirmed that the worker listens. */
  async add(channel: string, member: Member): Promise<() => void> {
    const subscription = this.#channels.get(channel) ?? this.#subscribe(channel)
    subscription.members.add(member)
    try {
      await subscription.made
    } catch (error) {
      if (this.#channels.get(channel) === subscription) this.#channels.delete(channel)
      throw error
    }
    return () => {
      if (!subscription.members.delete(member) || subscription.members.size > 0) return
      if (this.#channels.get(channel) !== subscription) return
      this.#channels.delete(channel)
      // A store that is lost has nothing left to undo.
      this.#port.unsubscribe(channel).catch(() => {})
    }
  }

  /** Tells a store that is back what the one before knew; what it refuses is over, and told to `onError`. */
  async renew(): Promise<void> {
    const channels = [...this.#channels.keys()]
    while (channels.length > 0) {
      const renewals = channels.splice(-RENEWED_AT_ONCE).map(channel => this.#renew(channel))
      await Promise.all(renewals)
    }
  }

  /** Gives a message to the listeners; a promise while one of them is not done with it. */
  deliver(
    channel: string,
    bytes: Uint8Array,
    entry: EntryPosition | undefined,
  ): Promise<unknown> | undefined {
    const members = this.#channels.get(channel)?.members
    if (!members) return undefined
    let value: unknown
    try {
      value = unpackValue(bytes)
    } catch (error) {
      this.#onError(toSocketError(error, 'EPROTO'))
      return undefined
    }
    let slow: Promise<unknown>[] | undefined
    for (const { listener } of members) {
      const returned = this.#guard(() => listener(value, entry))
      if (returned) (slow ??= []).push(returned)
    }
    return slow && Promise.all(slow)
  }

  missed(channel: string, count: number): void {
    for (const { onMissed } of this.#channels.get(channel)?.members ?? [])
      if (onMissed) this.#guard(() => onMissed(count))
  }

  clear(): void {
    this.#channels.clear()
  }

  async #renew(channel: string): Promise<void> {
    const subscription = this.#channels.get(channel)
    if (!subscription) return
    try {
      await this.#port.subscribe(channel)
    } catch (error) {
      // Lost again: the next store is told.
      if ((error as SocketError).code === 'EPLUGIN') return
      if (this.#channels.get(channel) === subscription) this.#channels.delete(channel)
      this.#failed(error)
    }
  }

  #subscribe(channel: string): Subscription {
    const subscription: Subscription = { members: new Set(), made: this.#port.subscribe(channel) }
    this.#channels.set(channel, subscription)
    return subscription
  }

  #guard(run: () => unknown): Promise<unknown> | undefined {
    try {
      const returned = run()
      return returned instanceof Promise ? returned.catch(error => this.#failed(error)) : undefined
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  #failed(error: unknown): void {
    this.#onError(toSocketError(error, 'EPLUGIN'))
  }
}
