/**
 * Messages in a directory, a LevelDB: they outlive the program. What was written is on the disk when a promise resolves.
 * @module
 */
import { deserialize, serialize } from 'node:v8'
import { SocketError } from '@unisock/kernel/plugin'
import type { ClassicLevel } from 'classic-level'
import type { PublishWire } from '../wire.ts'
import type { Chunk, OfflineStore, ReceivedPacket, SentPacket, Stored, Track } from './offline-store.ts'

const CHUNK = 'chunk:'
const SENT = 'sent:'
const RECEIVED = 'received:'
const SEQUENCE = 'sequence'
const DURABLE = { sync: true }

type Database = ClassicLevel<string, Buffer>

export class DiskStore implements OfflineStore {
  readonly outlivesWorker = true
  readonly #database: Database
  #offset = 0

  private constructor(database: Database) {
    this.#database = database
  }

  /** @throws {SocketError} `EADDRINUSE` for a directory that another fd or process uses; `EINVAL` for one that is no store. */
  static async open(path: string): Promise<DiskStore> {
    return new DiskStore(await openDatabase(path, 'MQTT_STORE (161)'))
  }

  async load(): Promise<Stored> {
    const chunks: { offset: number; messages: Chunk }[] = []
    for await (const [key, value] of this.#range(CHUNK))
      chunks.push({ offset: Number.parseInt(key, 16), messages: deserialize(value) as PublishWire[] })
    this.#offset = chunks.at(-1)?.offset ?? 0
    const sequence = await this.#database.get(SEQUENCE)
    return {
      chunks,
      sequence: sequence ? (deserialize(sequence) as number) : 0,
      sent: (await this.#values(SENT)) as SentPacket[],
      received: (await this.#values(RECEIVED)) as ReceivedPacket[],
    }
  }

  async append(chunk: Chunk): Promise<number> {
    const offset = ++this.#offset
    await this.#put(CHUNK + nameOf(offset), chunk)
    return offset
  }

  /** What is dropped may come back with a power failure: it is sent twice then. */
  async release(before: number, sequence: number, tracks: readonly Track[]): Promise<void> {
    await this.#database.put(SEQUENCE, serialize(sequence))
    await this.#database.clear({ gte: CHUNK, lt: CHUNK + nameOf(before) })
    await this.#database.batch(tracks.map(track => ({ type: 'del', key: sentKey(track) })))
  }

  putSent(packet: SentPacket): Promise<void> {
    return this.#put(sentKey(packet), packet)
  }

  putReceived(packet: ReceivedPacket): Promise<void> {
    return this.#put(RECEIVED + packet.id, packet)
  }

  deleteReceived(id: number): Promise<void> {
    return this.#database.del(RECEIVED + id)
  }

  onBack(): () => void {
    return () => {}
  }

  /** What is left stays for the next program. */
  close(): Promise<void> {
    return this.#database.close()
  }

  #put(key: string, value: unknown): Promise<void> {
    return this.#database.put(key, serialize(value), DURABLE)
  }

  async #values(prefix: string): Promise<unknown[]> {
    const found: unknown[] = []
    for await (const [, value] of this.#range(prefix)) found.push(deserialize(value))
    return found
  }

  async *#range(prefix: string): AsyncGenerator<[key: string, value: Buffer]> {
    for await (const [key, value] of this.#database.iterator({ gte: prefix, lt: `${prefix}~` }))
      yield [key.slice(prefix.length), value]
  }
}

/** In the order of the offsets. */
function nameOf(offset: number): string {
  return offset.toString(16).padStart(14, '0')
}

function sentKey({ offset, index }: Track): string {
  return `${SENT}${nameOf(offset)}:${index}`
}

/** @throws {SocketError} as {@link DiskStore.open}'s, naming the option. */
export async function openDatabase(path: string, option: string): Promise<Database> {
  const { ClassicLevel } = await import('classic-level')
  const database: Database = new ClassicLevel(path, { valueEncoding: 'buffer' })
  try {
    await database.open()
    return database
  } catch (thrown) {
    const cause = ((thrown as Error).cause ?? thrown) as Error & { code?: string }
    if (cause.code === 'LEVEL_LOCKED')
      throw new SocketError('EADDRINUSE', `${option}: ${path} is in use by another fd or program`, { cause })
    throw new SocketError('EINVAL', `${option}: ${path} cannot be used: ${cause.message}`, { cause })
  }
}
