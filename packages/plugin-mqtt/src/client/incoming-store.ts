/**
 * What mqtt.js asks of a store for messages of QoS 2 that have come and are not released yet: where the session
 * outlives the connection they outlive the worker.
 * @module
 */
import { Readable } from 'node:stream'
import type { IPublishPacket, IStore } from 'mqtt'
import type { OfflineStore, ReceivedPacket } from '../store/offline-store.ts'

type Put = Parameters<IStore['put']>
type Del = Parameters<IStore['del']>

export class IncomingStore implements IStore {
  readonly #store: OfflineStore | undefined
  readonly #packets = new Map<number, IPublishPacket>()

  constructor(store: OfflineStore | undefined) {
    this.#store = store
  }

  /** Takes what an earlier worker, or program, has left. */
  restore(received: readonly ReceivedPacket[]): void {
    for (const { id, topic, payload, retain, dup, properties } of received)
      this.#packets.set(id, {
        cmd: 'publish',
        qos: 2,
        messageId: id,
        topic,
        payload: Buffer.from(payload),
        retain,
        dup,
        ...(properties && { properties }),
      })
  }

  put(packet: Put[0], written: Put[1]): IStore {
    const { messageId = 0, topic, payload, retain, dup, properties = null } = packet as IPublishPacket
    this.#packets.set(messageId, packet as IPublishPacket)
    const stored = this.#store?.putReceived({
      id: messageId,
      topic,
      payload: payload as Buffer,
      retain,
      dup,
      properties,
    })
    // Where it cannot be stored it is lost with the worker only.
    if (stored) void stored.catch(() => {}).then(() => written())
    else written()
    return this
  }

  createStream(): ReturnType<IStore['createStream']> {
    return Readable.from([]) as unknown as ReturnType<IStore['createStream']>
  }

  get({ messageId }: Del[0], got: Del[1]): IStore {
    const packet = this.#packets.get(messageId!)
    if (packet) got(undefined, packet)
    else got(new Error(`there is no packet ${messageId}`))
    return this
  }

  del({ messageId }: Del[0], deleted: Del[1]): IStore {
    this.#packets.delete(messageId!)
    void this.#store?.deleteReceived(messageId!).catch(() => {})
    deleted()
    return this
  }

  close(closed: Put[1]): void {
    closed()
  }

  /** The session begins anew. */
  clear(): void {
    for (const id of this.#packets.keys()) void this.#store?.deleteReceived(id).catch(() => {})
    this.#packets.clear()
  }
}
