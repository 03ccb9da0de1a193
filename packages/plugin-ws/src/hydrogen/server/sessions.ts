/**
 * All sessions of a server: those at hand, and in the store those that may come back after this worker.
 * @module
 */
import type { BatchCall, Store } from '@unisock/kernel/plugin'
import type { AdmittedIdentity } from '../auth/identity.ts'
import { Session, type SessionOptions, type SessionRecord } from '../session/index.ts'
import { isIssued, readToken } from '../session/resume-token.ts'
import { LiveSession, type SessionSurroundings } from './live-session.ts'
import { compactDelivery, restoreDelivery } from './stored-delivery.ts'
import type { Topics } from './topics.ts'

export interface SessionsOptions {
  readonly store: Store
  readonly prefix: string
  readonly topics: Topics
  readonly surroundings: SessionSurroundings
  readonly session: SessionOptions & { readonly ttl: number }
  /** A session is over. */
  onOver(live: LiveSession): void
  /** Sessions that are over, and of which the owner may forget what it kept. */
  onEnded(sessions: string[]): void
  /** The responses of these commands are kept. */
  onKept(commands: [session: string, cseq: number][]): void
  onFailure(what: string, error: Error): void
}

/** How long a session with a connection is kept after its worker has gone, in lifetimes: until the next save. */
const KEPT_LIFETIMES = 4

/** Sessions that are saved in one round trip. */
const BATCH = 256

export class Sessions {
  readonly #options: SessionsOptions
  readonly #live = new Map<string, LiveSession>()
  readonly #finding = new Map<string, Promise<LiveSession | undefined>>()
  /** Something of them is not in the store yet. */
  readonly #dirty = new Set<LiveSession>()
  /** Sessions that are over, and that the store may still have. */
  readonly #over = new Set<string>()
  /** Responses that the owner keeps until the store has them. */
  #answered: [live: LiveSession, cseq: number][] = []
  #flushing = false

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#live.size
  }

  [Symbol.iterator](): MapIterator<LiveSession> {
    return this.#live.values()
  }

  peek(id: string): LiveSession | undefined {
    return this.#live.get(id)
  }

  create(identity: AdmittedIdentity): LiveSession {
    const { session, surroundings } = this.#options
    const live = new LiveSession(Session.create(identity, session), identity, surroundings)
    this.#live.set(live.session.id, live)
    return live
  }

  /**
   * The session of a resume token, from the store if it is not at hand. A token that was never issued brings nothing
   * into this worker.
   */
  find(token: string, user: string): LiveSession | undefined | Promise<LiveSession | undefined> {
    const id = readToken(token)?.session
    if (id === undefined) return undefined
    const live = this.#live.get(id)
    if (live !== undefined) return live
    if (this.#over.has(id) || !this.#isKept) return undefined
    const finding = this.#finding.get(id)
    if (finding !== undefined) return finding
    const promise = this.#restore(id, token, user).finally(() => this.#finding.delete(id))
    this.#finding.set(id, promise)
    return promise
  }

  /** It changed: the store will have it shortly. */
  changed(live: LiveSession): void {
    if (live.resumable && this.#isKept) this.#dirty.add(live)
  }

  /** A command was answered: when the store has the response, the owner is told. */
  answered(live: LiveSession, cseq: number): void {
    live.numbered = true
    this.#answered.push([live, cseq])
    this.changed(live)
  }

  /** Resolves when the store has it. @throws {SocketError} as the store does. */
  async save(live: LiveSession): Promise<void> {
    if (live.session.ended || !this.#isKept) return
    this.#dirty.delete(live)
    const { store } = this.#options
    await store.set(this.#key(live.session.id), this.#record(live), { ttl: this.#ttl(live) })
  }

  /** Saves all that changed. */
  async flush(): Promise<void> {
    if (!this.#isKept) return this.#tellKept(this.#answered.splice(0))
    if (this.#flushing || this.#dirty.size === 0) return
    this.#flushing = true
    const dirty: LiveSession[] = []
    for (const live of this.#dirty) {
      this.#dirty.delete(live)
      if (dirty.push(live) === BATCH) break
    }
    const saved = new Set(dirty)
    const answered = this.#answered.filter(([live]) => saved.has(live))
    this.#answered = this.#answered.filter(([live]) => !saved.has(live))
    try {
      const calls = dirty.map((live): BatchCall => {
        const { id } = live.session
        return live.session.ended
          ? ['delete', this.#key(id)]
          : ['set', this.#key(id), this.#record(live), { ttl: this.#ttl(live) }]
      })
      const results = await this.#options.store.batch(calls)
      const failed = results.find(result => result.status === 'rejected')
      if (failed) throw failed.reason
      for (const live of dirty)
        if (live.session.ended && !this.#dirty.has(live)) this.#over.delete(live.session.id)
      this.#tellKept(answered)
    } catch (error) {
      for (const live of dirty) this.#dirty.add(live)
      this.#answered.unshift(...answered)
      // With the worker or the kernel the store goes as well.
      if ((error as { code?: string }).code !== 'ECLOSED')
        this.#options.onFailure('sessions could not be saved', error as Error)
      return
    } finally {
      this.#flushing = false
    }
    await this.flush()
  }

  /** The connection of a session is gone: it waits for another, if its client can have one. */
  detach(live: LiveSession, generation: number): void {
    if (!live.session.isCurrent(generation)) return
    live.detach()
    live.session.detach(generation, this.#options.surroundings.clock.now())
    if (live.resumable) this.changed(live)
    else this.end(live)
  }

  /** It is over; the store forgets it with the next `flush`. */
  end(live: LiveSession): void {
    const { id } = live.session
    if (this.#live.get(id) !== live) return
    this.#live.delete(id)
    live.end()
    if (live.resumable && this.#isKept) {
      this.#dirty.add(live)
      this.#over.add(id)
    }
    this.#options.onOver(live)
    if (live.numbered) this.#options.onEnded([id])
  }

  /** Ends those whose time is over; the rest is kept for longer. */
  sweep(): void {
    const now = this.#options.surroundings.clock.now()
    for (const live of this.#live.values()) if (live.session.expired(now)) this.end(live)
  }

  /** Has all of them saved anew: the store begins to forget those that were not saved for long. */
  touch(): void {
    for (const live of this.#live.values()) this.changed(live)
  }

  /** Sessions whose worker has gone with their connections: their time runs from now on. */
  async adopt(): Promise<void> {
    const { store, session, surroundings } = this.#options
    if (!this.#isKept) return
    let after: string | undefined
    do {
      const page = await store.scan(this.#key(''), { after })
      for (const { key, value, version } of page.entries) {
        const record = value as SessionRecord
        if (record.expires !== 0) continue
        const kept = { ...record, expires: surroundings.clock.now() + session.ttl }
        await store.set(key, kept, { ttl: session.ttl, ifVersion: version })
      }
      after = page.next
    } while (after !== undefined)
  }

  /** In a store that goes with this worker nothing is kept: it has all of it at hand. */
  get #isKept(): boolean {
    return this.#options.store.outlivesWorker
  }

  #tellKept(answered: readonly [live: LiveSession, cseq: number][]): void {
    if (answered.length > 0) this.#options.onKept(answered.map(([live, cseq]) => [live.session.id, cseq]))
  }

  async #restore(id: string, token: string, user: string): Promise<LiveSession | undefined> {
    const { store, session, surroundings, topics } = this.#options
    const stored = await store.get(this.#key(id))
    if (stored === undefined) return undefined
    const record = stored.value as SessionRecord
    if (record.user === user && !isIssued(token, record.secret, user)) return undefined
    const identity = { user: record.user, permissions: record.permissions }
    const live = new LiveSession(Session.from(record, session), identity, surroundings)
    live.resumable = live.restored = true
    live.numbered = record.commands.seen > 0
    if (record.delivery !== undefined) await restoreDelivery(live, record.delivery, topics)
    this.#live.set(id, live)
    return live
  }

  #record(live: LiveSession): SessionRecord {
    const delivery = live.hasDelivery ? compactDelivery(live.delivery.snapshot(() => null)) : undefined
    return live.session.snapshot(delivery)
  }

  #ttl({ connection }: LiveSession): number {
    const { ttl } = this.#options.session
    return connection === undefined ? ttl : ttl * KEPT_LIFETIMES
  }

  #key(id: string): string {
    return `${this.#options.prefix}session:${id}`
  }
}
