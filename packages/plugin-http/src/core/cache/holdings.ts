/**
 * What a listener's cache has: stored responses, what is being asked, and the rules by which both come and go.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpListener } from '../server/listener.ts'
import { rawPath, rawQuery } from '../uri.ts'
import type { Filling } from './filling.ts'
import { matchesGlob } from './glob.ts'
import { freshenedBy, storedFrom } from './judgement.ts'
import type { CacheStatistics } from './options.ts'
import { Pending } from './pending.ts'
import { frontTarget, type Requester, requesterOf } from './requester.ts'
import { selectingValues } from './selecting.ts'
import { CacheSettings } from './settings.ts'
import { SharedCache } from './shared.ts'
import { isForbidden } from './storable.ts'
import { Storage } from './storage.ts'
import type { StoredResponse } from './stored-response.ts'
import { isOfTarget, lengthIn, localTarget } from './targets.ts'

export class Holdings {
  readonly storage: Storage
  /** What the program is being asked, by key. */
  readonly pending = new Map<string, Pending>()
  readonly counts = {
    hits: 0,
    misses: 0,
    stale: 0,
    collapsed: 0,
    revalidations: 0,
    bypasses: 0,
    stores: 0,
    evictions: 0,
    invalidations: 0,
  }
  settings: CacheSettings
  readonly #listener: HttpListener
  #shared: SharedCache | undefined

  constructor(listener: HttpListener) {
    this.#listener = listener
    this.settings = new CacheSettings(listener.socket)
    this.storage = new Storage(this.settings.maxSize, () => this.counts.evictions++)
  }

  /** Takes the options over. A change of what responses are told apart by drops those that were stored before. */
  refresh(): void {
    const before = this.settings
    const settings = new CacheSettings(this.#listener.socket)
    this.settings = settings
    if (
      !settings.enabled ||
      before.keyPattern !== settings.keyPattern ||
      String(before.names) !== String(settings.names)
    )
      this.forget()
    this.storage.resize(settings.maxSize)
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now()
  }

  keyOf(request: IncomingMessage, uri: string): string {
    const { host = request.headers.host ?? '', secure = isSecure(request), rest } = frontTarget(request)
    return this.settings.keyOf({ host: host.toLowerCase(), uri, secure }) + rest
  }

  requesterOf(request: IncomingMessage): Requester {
    return requesterOf(request, this.settings.certified)
  }

  /** What requests that may share an answer have in common under a key, as far as it is known. */
  flightName(key: string, { headers }: IncomingMessage): string {
    return selectingValues(headers, this.storage.namesAt(key) ?? this.settings.names).join('\r')
  }

  pendingAt(key: string, uri: string): Pending {
    let pending = this.pending.get(key)
    if (!pending) {
      pending = new Pending(key, uri)
      this.pending.set(key, pending)
    }
    return pending
  }

  /** What is shared with others; undefined where nothing is. */
  get shared(): SharedCache | undefined {
    const { shared: name } = this.settings
    if (name === undefined) return undefined
    this.#shared ??= new SharedCache({
      store: this.#listener.socket.store,
      name,
      onKey: key => this.#drop(key),
      onPattern: pattern => this.#dropMatching(pattern),
      onError: error =>
        this.#listener.socket.log('warn', `the shared cache is out of reach: ${error.message}`),
    })
    return this.#shared
  }

  statistics(): CacheStatistics {
    const counts = this.counts
    const answered = counts.hits + counts.collapsed
    const { entries, bytes } = this.storage
    return { ...counts, entries, bytes, hit_rate: answered / (answered + counts.misses) || 0 }
  }

  /** Drops what matches: targets where the pattern begins with `/`, else keys. */
  async invalidate(pattern: string): Promise<void> {
    if (!this.settings.enabled) return
    this.#dropMatching(pattern)
    await this.shared?.removeMatching(pattern, (key, uri) => isMatch(pattern, key, uri))
  }

  /** Drops what is stored of a request's target, and of those on the same host that its answer names. */
  invalidateTargets(request: IncomingMessage, references: readonly (string | undefined)[]): void {
    const keys = new Set([this.keyOf(request, request.url!)])
    for (const reference of references) {
      const uri = reference === undefined ? undefined : localTarget(request, reference)
      if (uri !== undefined) keys.add(this.keyOf(request, uri))
    }
    for (const key of keys) {
      this.#drop(key)
      void this.shared?.remove(key)
    }
  }

  /** RFC 9110 section 9.3.3: what a POST is answered with can be what a GET of the same target would be. */
  keepPosted(
    request: IncomingMessage,
    status: number,
    fields: readonly string[],
    body: string | Uint8Array | null,
    requestedAt: number,
  ): void {
    if (!this.settings.methods.has('POST')) return
    if (!isOfTarget(request, fields)) return
    const answer = {
      status,
      fields,
      body: Buffer.from((body ?? '') as Uint8Array),
      requestedAt,
      receivedAt: this.now(),
    }
    const stored = storedFrom(answer, this.requesterOf(request), this.settings)
    if (stored?.explicit) this.#put(this.keyOf(request, request.url!), request, stored)
  }

  /** A HEAD was answered: the stored response is newer by it, or wrong. */
  checkHead(
    request: IncomingMessage,
    stored: StoredResponse,
    fields: readonly string[],
    requestedAt: number,
  ): void {
    const answer = {
      status: 200,
      fields,
      body: stored.parts.body,
      requestedAt,
      receivedAt: this.now(),
    }
    const length = lengthIn(fields)
    const isSame = length === undefined || length === stored.parts.body.byteLength
    const freshened = isSame ? freshenedBy(answer, stored, this.settings) : undefined
    if (!freshened || isForbidden(200, freshened.parts.fields)) this.storage.remove(stored)
    else this.#put(this.keyOf(request, request.url!), request, freshened)
  }

  /** What a GET was answered with, as it can be sent to others; undefined where it cannot. */
  judge(
    filling: Filling,
    status: number,
    fields: readonly string[],
    body: Uint8Array,
  ): StoredResponse | undefined {
    const { request, stored, requestedAt } = filling
    const answer = { status, fields, body, requestedAt, receivedAt: this.now() }
    if (status !== 304) return storedFrom(answer, this.requesterOf(request), this.settings)
    if (!stored) return undefined
    this.counts.revalidations++
    const freshened = freshenedBy(answer, stored, this.settings)
    if (freshened) return freshened
    this.storage.remove(stored)
    return stored
  }

  /** Whether a streamed answer with this head is worth to be recorded. */
  mayRecord(filling: Filling, status: number, fields: readonly string[]): boolean {
    return this.judge(filling, status, fields, EMPTY) !== undefined
  }

  /** False: it is good for the request alone that it was made for. */
  keep(filling: Filling, stored: StoredResponse): boolean {
    const { request, pending } = filling
    if (!this.settings.enabled || filling.isOutdated || stored === filling.stored) return false
    // A 304 may have taken the permission back.
    if (isForbidden(stored.parts.status, stored.parts.fields)) {
      this.storage.removeKey(pending.key)
      return false
    }
    this.#put(pending.key, request, stored)
    return true
  }

  /** An exchange has no more to say. */
  leave({ pending, stored }: Filling, isUnstorable: boolean): void {
    if (isUnstorable) {
      if (stored) this.storage.remove(stored)
      this.storage.pass(pending.key)
    }
    if (--pending.active === 0 && this.pending.get(pending.key) === pending) this.pending.delete(pending.key)
  }

  /** Forgets all of it; what is being asked is not stored. */
  forget(): void {
    this.storage.clear()
    for (const pending of this.pending.values()) pending.invalidate()
  }

  close(): void {
    this.forget()
    this.#shared?.close()
  }

  #put(key: string, { url, headers }: IncomingMessage, stored: StoredResponse): void {
    if (!this.storage.put(key, url!, stored, headers)) return
    this.counts.stores++
    this.shared?.save(this.storage.at(key)!, this.now())
  }

  #drop(key: string): void {
    this.counts.invalidations += this.storage.removeKey(key)
    this.pending.get(key)?.invalidate()
  }

  #dropMatching(pattern: string): void {
    for (const { key, uri } of [...this.storage.resources]) if (isMatch(pattern, key, uri)) this.#drop(key)
    for (const { key, uri } of [...this.pending.values()]) if (isMatch(pattern, key, uri)) this.#drop(key)
  }
}

const EMPTY = Buffer.alloc(0)

function isSecure({ socket }: IncomingMessage): boolean {
  return (socket as { encrypted?: boolean }).encrypted === true
}

/** A pattern that begins with `/` is one of targets, whichever form they were asked in; any other is one of keys. */
function isMatch(pattern: string, key: string, uri: string): boolean {
  if (!pattern.startsWith('/')) return matchesGlob(pattern, key)
  const query = rawQuery(uri)
  return matchesGlob(pattern, query === '' ? rawPath(uri) : `${rawPath(uri)}?${query}`)
}
