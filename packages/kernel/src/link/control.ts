/**
 * The control port: what names the worker rather than an fd. Comlink carries start, stop and inspect over it; the
 * worker exposes and the kernel wraps, never the other way, since an exposed object gives its realm away.
 * @module
 */
import type { Endpoint } from 'comlink'
import { pack, unpack } from 'msgpackr/pack'
import type { ChildNotice, SpawnNotice, SpawnOrder } from '../spawn/messages.ts'
import { type Channel, NO_ATTACHMENTS } from './transport.ts'

const COMLINK = 0
const NOTICE = 1

/** What a worker tells the kernel without being asked. */
export type Notice = LogLine | { kind: 'store-lost' } | SpawnNotice | ChildNotice

export interface LogLine {
  kind: 'log'
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  details: object
}

/** What the kernel tells a worker without waiting, past everything queued on the data port. */
export type Order = AbortOrder | StoreOrder | StoreGoneOrder | SpawnOrder

export interface AbortOrder {
  kind: 'abort'
  fd: number
}

/** Where the keeper of the worker's store listens, and what it wants to be told first. */
export interface StoreOrder {
  kind: 'store'
  path: string
  token: Uint8Array
}

/** The keeper of the worker's store was given up. */
export interface StoreGoneOrder {
  kind: 'store-gone'
  reason: string
}

export class ControlPort<In, Out> {
  readonly #channel: Channel
  readonly #listeners = new Set<(event: { data: unknown }) => void>()

  /** `onBroken` gets what cannot be read and what `onNotice` throws: the other end is broken or lying. */
  constructor(channel: Channel, onNotice: (notice: In) => void, onBroken: (error: unknown) => void) {
    this.#channel = channel
    channel.onMessage(message => {
      try {
        const [kind, content] = unpack(message as Buffer) as [number, unknown]
        if (kind === NOTICE) onNotice(content as In)
        else for (const listener of this.#listeners) listener({ data: content })
      } catch (error) {
        onBroken(error)
      }
    })
  }

  notify(notice: Out): void {
    this.#send(NOTICE, notice)
  }

  /** What Comlink speaks through: it packs, so the same messages cross threads and processes. */
  get endpoint(): Endpoint {
    return {
      postMessage: message => this.#send(COMLINK, message),
      addEventListener: (_type, listener) => void this.#listeners.add(listener as any),
      removeEventListener: (_type, listener) => void this.#listeners.delete(listener as any),
    }
  }

  /** Delivers what arrived before the other end was lost. */
  drain(): void {
    this.#channel.drain()
  }

  #send(kind: number, content: unknown): void {
    this.#channel.send(new Uint8Array(pack([kind, content])), NO_ATTACHMENTS)
  }
}
