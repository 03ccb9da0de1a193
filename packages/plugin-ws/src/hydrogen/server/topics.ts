/**
 * The topics of a server: their histories, read from the store once and kept at hand from then on. This worker is the
 * only one that appends to them.
 * @module
 */
import type { Store } from '@unisock/kernel/plugin'
import type { Clock } from '../clock.ts'
import { type Publication, TopicHistory } from '../history/topic-history.ts'
import type { TopicSettings } from '../settings.ts'
import {
  type Draft,
  fromStored,
  type LiveEvent,
  type LivePublication,
  publishedEvent,
  type StoredEvent,
  toStored,
} from './live-event.ts'

export interface Topic {
  readonly name: string
  readonly settings: TopicSettings
  /** What survives the worker is in the store too. */
  readonly stored: boolean
  history: TopicHistory<LiveEvent>
  /** Appends that the store has not answered. */
  appending: number
  /** When its name was last written to the store. */
  named: number
}

/** Where a draft has come to be, and as what; undefined: it was published before, under its key. */
export interface Appended {
  readonly epoch: string
  readonly offset: number
  readonly publication: LivePublication | undefined
}

export interface TopicsOptions {
  readonly store: Store
  readonly clock: Clock
  /** What the server's names in the store begin with. */
  readonly prefix: string
  settings(name: string): TopicSettings
  /** Topics whose events are not worth keeping elsewhere. */
  isLocal(name: string): boolean
  /** What the topic's subscribers have does not lead to what is published now. */
  onBroken(topic: Topic): void
}

const PAGE = 500

export class Topics {
  readonly #options: TopicsOptions
  readonly #topics = new Map<string, Topic>()
  readonly #opening = new Map<string, Promise<Topic>>()
  /** Topics that exist, and are not at hand yet. */
  readonly #names = new Set<string>()

  constructor(options: TopicsOptions) {
    this.#options = options
  }

  /** Learns which topics there are. */
  async load(): Promise<void> {
    const { store, prefix } = this.#options
    let after: string | undefined
    do {
      const page = await store.scan(this.#nameKey(''), { after })
      for (const { key } of page.entries) this.#names.add(key.slice(`${prefix}topic:`.length))
      after = page.next
    } while (after !== undefined)
  }

  get size(): number {
    return this.#topics.size
  }

  get bytes(): number {
    let sum = 0
    for (const { history } of this.#topics.values()) sum += history.bytes
    return sum
  }

  /** Names of all topics of which something is known. */
  *names(): IterableIterator<string> {
    for (const name of this.#topics.keys()) yield name
    for (const name of this.#names) if (!this.#topics.has(name)) yield name
  }

  /** The topic, if it is at hand. */
  peek(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  /** The topic, if something was ever published there or somebody subscribed to it. @throws {SocketError} as the store does. */
  find(name: string): Topic | undefined | Promise<Topic> {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    return this.#names.has(name) || this.#opening.has(name) ? this.open(name) : undefined
  }

  /** The topic, which comes into being if need be. @throws {SocketError} as the store does. */
  open(name: string): Topic | Promise<Topic> {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const settings = this.#options.settings(name)
    const stored = settings.history.maxCount > 0 && !this.#options.isLocal(name)
    if (!stored) return this.#add(name, settings, stored, this.#newHistory(settings))
    const opening = this.#opening.get(name)
    if (opening !== undefined) return opening
    const promise = this.#read(name, settings)
      .then(history => this.#add(name, settings, stored, history))
      .finally(() => this.#opening.delete(name))
    this.#opening.set(name, promise)
    return promise
  }

  /** Publishes: resolved once the event will outlive this worker, if it is to. Appends resolve in their order. */
  async append(topic: Topic, draft: Draft, key?: string): Promise<Appended> {
    const { store, clock } = this.#options
    const { history } = topic
    if (!topic.stored) {
      const offset = history.top + 1
      return { epoch: history.epoch, offset, publication: this.#take(topic, draft, offset, clock.now()) }
    }
    const { maxCount, maxBytes, maxAge } = topic.settings.history
    topic.appending++
    try {
      const retention = { maxLength: maxCount, maxBytes, maxAge }
      const { epoch, offset, duplicate } = await store.append(this.#stream(topic.name), toStored(draft), {
        ...retention,
        key,
      })
      if (duplicate) return { epoch, offset, publication: undefined }
      this.#keepName(topic)
      if (topic.history.epoch !== epoch || topic.history.top + 1 !== offset) {
        await this.#reload(topic)
        return { epoch, offset, publication: topic.history.read({ from: offset, limit: 1 }, clock.now())[0] }
      }
      return { epoch, offset, publication: this.#take(topic, draft, offset, clock.now()) }
    } finally {
      topic.appending--
    }
  }

  /** Whatever was at hand may not be what the store has: it is read again. */
  async reloadAll(): Promise<void> {
    for (const topic of this.#topics.values()) if (topic.stored) await this.#reload(topic)
  }

  /** Lets go of what is too old, and of topics that nobody has subscribed to and of which nothing is left. */
  sweep(isUsed: (topic: Topic) => boolean): void {
    const now = this.#options.clock.now()
    for (const [name, topic] of this.#topics) {
      topic.history.trim(now)
      if (topic.appending > 0 || topic.history.count > 0 || isUsed(topic)) continue
      if (!topic.stored && !topic.history.forgotten(now)) continue
      this.#topics.delete(name)
      if (!topic.stored) continue
      if (topic.history.top === 0) this.#forget(name)
      else if (!topic.history.forgotten(now)) this.#names.add(name)
    }
  }

  #add(name: string, settings: TopicSettings, stored: boolean, history: TopicHistory<LiveEvent>): Topic {
    const named = this.#names.has(name) ? this.#options.clock.now() : Number.NEGATIVE_INFINITY
    const topic = { name, settings, stored, history, appending: 0, named }
    this.#topics.set(name, topic)
    this.#names.delete(name)
    return topic
  }

  #newHistory(settings: TopicSettings): TopicHistory<LiveEvent> {
    return new TopicHistory(settings.history, this.#options.clock.now())
  }

  #take(topic: Topic, draft: Draft, offset: number, time: number): LivePublication {
    const { name, settings, history } = topic
    const place = { topic: name, epoch: history.epoch, offset, lane: settings.lane, time }
    const event = publishedEvent(draft, place)
    return history.append(event, event.bytes, time, draft.attributes ?? undefined)
  }

  async #reload(topic: Topic): Promise<void> {
    const before = topic.history
    topic.history = await this.#read(topic.name, topic.settings)
    if (before.epoch !== topic.history.epoch || before.top !== topic.history.top)
      this.#options.onBroken(topic)
  }

  async #read(name: string, settings: TopicSettings): Promise<TopicHistory<LiveEvent>> {
    const { store, clock } = this.#options
    const stream = this.#stream(name)
    const publications: Publication<LiveEvent>[] = []
    let from: number | undefined
    while (true) {
      const { epoch, top, entries } = await store.read(stream, { from, limit: PAGE })
      for (const { offset, time, value } of entries) {
        const draft = fromStored(value as StoredEvent)
        const event = publishedEvent(draft, { topic: name, epoch, offset, lane: settings.lane, time })
        const attributes = draft.attributes ?? undefined
        publications.push({ offset, time, bytes: event.bytes, frame: event, attributes })
      }
      const last = entries.at(-1)?.offset ?? top
      if (last >= top)
        return TopicHistory.restore(settings.history, { epoch, top }, publications, clock.now())
      from = last + 1
    }
  }

  /** Names live no longer in the store than what they name. */
  #keepName(topic: Topic): void {
    const { store, clock } = this.#options
    const now = clock.now()
    const ttl = nameTtl(topic.settings)
    if (now - topic.named < ttl / 2) return
    topic.named = now
    store.set(this.#nameKey(topic.name), 1, { ttl }).catch(() => {
      topic.named = 0
    })
  }

  /** Nothing was ever published there: the store need not know where it begins. */
  #forget(name: string): void {
    this.#options.store.remove(this.#stream(name)).catch(() => {})
  }

  #stream(name: string): string {
    return `${this.#options.prefix}history:${name}`
  }

  #nameKey(name: string): string {
    return `${this.#options.prefix}topic:${name}`
  }
}

const nameTtl = ({ history }: TopicSettings): number => Math.max(history.metaTtl, history.maxAge)
