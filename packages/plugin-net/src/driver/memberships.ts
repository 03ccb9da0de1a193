/**
 * The multicast groups a socket is in.
 * @module
 */
import type { UdpSocket } from '@unisock/sockets'
import type { MulticastOption } from '../options.ts'

type Membership = NonNullable<MulticastOption['join']>[number]

export class Memberships {
  readonly #udp: UdpSocket
  readonly #joined = new Map<string, Disposable>()

  constructor(udp: UdpSocket) {
    this.#udp = udp
  }

  /** Joins what is new and leaves what is gone. */
  set(wanted: readonly Membership[]): void {
    const keys = new Map(wanted.map(membership => [JSON.stringify(membership), membership]))
    for (const [key, membership] of this.#joined)
      if (!keys.has(key)) {
        membership[Symbol.dispose]()
        this.#joined.delete(key)
      }
    for (const [key, { group, interface: by, source }] of keys)
      if (!this.#joined.has(key)) this.#joined.set(key, this.#udp.joinGroup(group, { interface: by, source }))
  }
}
