/**
 * Messages in the keeper: they outlive the worker, and end with their fd.
 * @module
 */
import type { Store } from '@unisock/kernel/plugin'
import type { PublishWire } from '../wire.ts'
import type { Chunk, OfflineStore, ReceivedPacket, SentPacket, Stored, Track } from './offline-store.ts'

/** Calls that go to the store together. */
const BATCH = 500

export class KeeperStore implements OfflineStore {
  readonly #store: Store
  readonly #stream: string
  readonly #sequence: string
  readonly #sent: string
  readonly #received: string

  constructor(store: Store, fd: number) {
    this.#store = store
    const name = `mqtt:${fd}:`
    this.#stream = `${name}outbox`
    this.#sequence = `${name}sequence`
    this.#sent = `${name}sent:`
    this.#received = `${name}received:`
  }

  get outlivesWorker(): boolean {
    return this.#store.outlivesWorker
  }

  async load(): Promise<Stored> {
    const chunks: { offset: number; messages: Chunk }[] = []
    let page = await this.#store.read(this.#stream)
    while (page.entries.length > 0) {
      for (const { offset, value } of page.entries) chunks.push({ offset, messages: value as PublishWire[] })
      page = await this.#store.read(this.#stream, { from: chunks.at(-1)!.offset + 1 })
    }
    const sequence = await this.#store.get(this.#sequence)
    return {
      chunks,
      sequence: (sequence?.value as number | undefined) ?? 0,
      sent: (await this.#all(this.#sent)).map(({ value }) => value as SentPacket),
      received: (await this.#all(this.#received)).map(({ value }) => value as ReceivedPacket),
    }
  }

  async append(chunk: Chunk): Promise<number> {
    return (await this.#store.append(this.#stream, chunk)).offset
  }

  async release(before: number, sequence: number, tracks: readonly Track[]): Promise<void> {
    await this.#store.batch([
      ['set', this.#sequence, sequence],
      ['trim', this.#stream, before],
    ])
    await this.#delete(tracks.map(track => this.#sent + nameOf(track)))
  }

  async putSent(packet: SentPacket): Promise<void> {
    await this.#store.set(this.#sent + nameOf(packet), packet)
  }

  async putReceived(packet: ReceivedPacket): Promise<void> {
    await this.#store.set(this.#received + packet.id, packet)
  }

  async deleteReceived(id: number): Promise<void> {
    await this.#store.delete(this.#received + id)
  }

  onBack(listener: (kept: boolean) => void): () => void {
    return this.#store.onBack(({ kept }) => listener(kept))
  }

  async close(forget: boolean): Promise<void> {
    if (!forget) return
    await this.#store.remove(this.#stream)
    await this.#store.delete(this.#sequence)
    for (const prefix of [this.#sent, this.#received])
      await this.#delete((await this.#all(prefix)).map(({ key }) => key))
  }

  async #delete(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += BATCH)
      await this.#store.batch(keys.slice(i, i + BATCH).map(key => ['delete', key] as const))
  }

  async #all(prefix: string): Promise<{ key: string; value: unknown }[]> {
    const found: { key: string; value: unknown }[] = []
    let after: string | undefined
    do {
      const page = await this.#store.scan(prefix, { after })
      found.push(...page.entries)
      after = page.next
    } while (after !== undefined)
    return found
  }
}

function nameOf({ offset, index }: Track): string {
  return `${offset}:${index}`
}
