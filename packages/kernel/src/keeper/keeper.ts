/**
 * A store in a worker of its own. Other workers reach it by ports they were given or by its local socket; nothing
 * comes to it from the network.
 * @module
 */
import net from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import { toErrorRecord } from '../errors.ts'
import { portChannel } from '../link/port-channel.ts'
import { streamChannel } from '../link/stream-channel.ts'
import type { Channel } from '../link/transport.ts'
import { StoreServer } from '../store/store-server.ts'
import { inspectMemory } from '../worker/control.ts'
import type { KeeperAddress, KeeperInspection, KeeperStartOptions } from './control.ts'
import { admit } from './door.ts'

export interface KeeperOptions {
  readonly warn: (message: string, details?: object) => void
}

export class Keeper {
  readonly #warn: KeeperOptions['warn']
  readonly #sockets = new Set<net.Socket>()
  #server: StoreServer | undefined
  #listener: net.Server | undefined

  constructor({ warn }: KeeperOptions) {
    this.#warn = warn
  }

  /** Rejects when the address cannot be taken. */
  async start({ limits, address }: KeeperStartOptions): Promise<void> {
    this.#server = new StoreServer({ limits })
    if (address) await this.#listen(address)
  }

  /** Serves a worker over a port. */
  take(port: MessagePort): void {
    const disconnect = this.#serve(portChannel(port))
    port.on('close', disconnect).unref()
  }

  inspect(): KeeperInspection {
    return { pid: process.pid, memory: inspectMemory(), store: this.#server!.inspect() }
  }

  /** Ends every connection and forgets the data. */
  async dispose(): Promise<void> {
    this.#server?.dispose()
    this.#listener?.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #listen({ path, token }: KeeperAddress): Promise<void> {
    const listener = (this.#listener = net.createServer(socket => {
      this.#sockets.add(socket)
      socket.unref().once('close', () => this.#sockets.delete(socket))
      // The close that follows tells.
      socket.on('error', () => {})
      admit(socket, token, {
        admitted: () => socket.once('close', this.#serve(streamChannel(socket))),
        refused: () => this.#warn('a connection to a keeper did not know its token and is refused'),
      })
    }))
    return new Promise((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(path, () => {
        listener.off('error', reject).unref()
        resolve()
      })
    })
  }

  #serve(channel: Channel): () => void {
    return this.#server!.connect(channel, error =>
      this.#warn('a worker broke the protocol of its store and is served no longer', {
        error: toErrorRecord(error, 'EPROTO'),
      }),
    )
  }
}
