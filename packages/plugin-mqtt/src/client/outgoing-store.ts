/**
 * What mqtt.js asks of a store for packets on their way out, over the outbox: that has the messages already.
 * @module
 */
import { Readable } from 'node:stream'
import type { IStore } from 'mqtt'
import type { OfflineStore, SentPacket } from '../store/offline-store.ts'
import type { Outbox } from './outbox.ts'
import type { Publication } from './publication.ts'

type Put = Parameters<IStore['put']>
type Del = Parameters<IStore['del']>

export class OutgoingStore implements IStore {
  readonly #outbox: Outbox
  /** Undefined where the session ends with the connection: nothing of it needs to be known then. */
  readonly #store: OfflineStore | undefined
  readonly #byId = new Map<number, Publication>()

  constructor(outbox: Outbox, store: OfflineStore | undefined) {
    this.#outbox = outbox
    this.#store = store
  }

  /** A message is sent under this identifier, once that is stored where it has to be. */
  send(publication: Publication, id: number, write: () => void): void {
    publication.id = id
    this.#byId.set(id, publication)
    if (publication.qos === 2 && this.#store) void this.#track(publication, 'sent').then(write)
    else write()
  }

  /** A message was sent under an identifier in the connection before. */
  resume(publication: Publication): void {
    this.#byId.set(publication.id, publication)
  }

  /** What mqtt.js sends on its own is that the broker may release a message of QoS 2. */
  put({ messageId }: Put[0], written: Put[1]): IStore {
    const publication = this.#byId.get(messageId!)
    if (publication) {
      publication.released = true
      void this.#track(publication, 'released').then(() => written())
    } else written()
    return this
  }

  /** Messages are sent again by who sent them first; what the broker is told here is only that it may release them. */
  createStream(): ReturnType<IStore['createStream']> {
    const packets = Array.from(this.#outbox.sent()).filter(({ released }) => released)
    const stream = Readable.from(packets.map(({ id }) => ({ cmd: 'pubrel', qos: 2, messageId: id })))
    return stream as unknown as ReturnType<IStore['createStream']>
  }

  del({ messageId }: Del[0], deleted: Del[1]): IStore {
    const publication = this.#byId.get(messageId!)
    this.#byId.delete(messageId!)
    if (publication?.qos === 2) void this.#track(publication, 'done')
    deleted()
    return this
  }

  get({ messageId }: Del[0], got: Del[1]): IStore {
    got(new Error(`there is no packet ${messageId}`))
    return this
  }

  close(closed: Put[1]): void {
    closed()
  }

  /** Resolves when it is stored how far a message is, or cannot be: then it may come twice after a crash. */
  async #track(publication: Publication, state: SentPacket['state']): Promise<void> {
    if (!this.#store) return
    const { chunk, index, id } = publication
    try {
      await chunk.stored
      if (chunk.offset === 0) return
      chunk.tracked.add(index)
      await this.#store.putSent({ offset: chunk.offset, index, id, state })
    } catch {
      // The outbox has reported it.
    }
  }
}
