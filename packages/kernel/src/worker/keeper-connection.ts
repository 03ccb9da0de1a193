/**
 * A worker's way to the keeper of its store. The kernel says where it is; what then crosses does not pass the kernel.
 * @module
 */
import net from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import type { StoreOrder } from '../link/control.ts'
import { portChannel } from '../link/port-channel.ts'
import { streamChannel } from '../link/stream-channel.ts'
import type { Channel } from '../link/transport.ts'
import { RemoteStore } from '../store/remote-store.ts'

/** How long (ms) the kernel is given to notice by itself that the keeper is gone. */
const PATIENCE = 1000

export interface KeeperConnectionOptions {
  /** Gets what listeners of the store throw. */
  readonly onError: (error: Error) => void
  /** There was no connection for a while: the kernel is asked for another. */
  readonly onMissing: () => void
  readonly patience?: number
}

export class KeeperConnection {
  readonly store: RemoteStore
  readonly #onMissing: () => void
  readonly #patience: number
  readonly #settled = Promise.withResolvers<void>()
  /** What the store speaks through, or will once it is connected. */
  #end: MessagePort | net.Socket | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ onError, onMissing, patience = PATIENCE }: KeeperConnectionOptions) {
    this.store = new RemoteStore({ onError })
    this.#onMissing = onMissing
    this.#patience = patience
  }

  /** Resolves once the store can be used, or never will be. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Speaks through a port from now on. */
  take(port: MessagePort): void {
    const channel = portChannel(port)
    this.#begin(port)
    this.#attach(channel)
    port.unref()
  }

  /** Speaks through the keeper's local socket as soon as that is connected. */
  dial({ path, token }: Pick<StoreOrder, 'path' | 'token'>): void {
    const socket = net.connect(path).unref()
    this.#begin(socket)
    // The close that follows tells.
    socket.on('error', () => {})
    socket.once('connect', () => {
      socket.write(token)
      this.#attach(streamChannel(socket))
    })
  }

  /** The keeper was given up. */
  giveUp(reason: Error): void {
    clearTimeout(this.#timer)
    this.store.giveUp(reason)
    this.#settled.resolve()
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#timer)
    const end = this.#end
    this.#end = undefined
    await this.store.dispose()
    if (end instanceof net.Socket) end.destroy()
  }

  /** What comes after another one ends it; what is heard of that one counts no more. */
  #begin(end: MessagePort | net.Socket): void {
    clearTimeout(this.#timer)
    const before = this.#end
    this.#end = end
    if (before instanceof net.Socket) before.destroy()
    else before?.close()
    end.on('close', () => {
      if (this.#end !== end) return
      this.store.detach(new Error('the keeper is gone'))
      this.#timer = setTimeout(this.#onMissing, this.#patience).unref()
    })
  }

  #attach(channel: Channel): void {
    this.store.attach(channel)
    this.#settled.resolve()
  }
}
