/**
 * A stored response: what it is, how long it is fresh, and who may have it (RFC 9111 sections 3 and 4).
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { weakly } from '../answer/conditions.ts'
import { Directives } from './directives.ts'
import { fieldOf, singleOf, updatedFields } from './fields.ts'
import { parseHttpDate } from './http-date.ts'
import { isSelected } from './selecting.ts'

/** What a response is stored as, beside what follows from it. */
export interface StoredParts {
  readonly status: number
  /** As they are sent, Date among them; without those that belong to the connection. */
  readonly fields: readonly string[]
  readonly body: Uint8Array
  /** Seconds that it was old when it came. */
  readonly age: number
  /** Milliseconds since 1970: when the program was asked, and when it had answered. */
  readonly requestedAt: number
  readonly receivedAt: number
  /** The names of the request fields it was selected by, and their values. */
  readonly names: readonly string[]
  readonly values: readonly string[]
}

/** What the options say where a response does not. */
export interface FreshnessDefaults {
  /** Seconds. */
  readonly ttl: number
  /** Seconds. */
  readonly staleWhileRevalidate: number
}

/**
 * Statuses of responses that are fresh for CACHE_TTL when they say nothing about it: of those of RFC 9110 section 15.1
 * the ones that do not report a failure, which the next request may not meet.
 */
export const FRESH_BY_DEFAULT: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 410])

/** What an entry costs beside its texts: objects, arrays, its places in the storage. */
const OVERHEAD = 1024

/** Bytes up to which a body is kept as text too: Node sends that in one piece with the head. */
export const MAX_TEXT = 16 * 1024

export class StoredResponse {
  readonly parts: StoredParts
  readonly directives: Directives
  readonly etag: string | undefined
  readonly lastModified: number | undefined
  /** Milliseconds since 1970. */
  readonly date: number
  /** Seconds that it is fresh from when it was made. */
  readonly lifetime: number
  /** Seconds after that for which it is sent while it is renewed. */
  readonly staleWhileRevalidate: number
  /** It says itself how long it is fresh, or that it is for everybody. */
  readonly explicit: boolean
  /** RFC 9111 section 3.5: it may be sent to, and come from, requests with an Authorization. */
  readonly forAuthorized: boolean
  /** It is never sent without asking the program, however fresh. */
  readonly noCache: boolean
  /** It is never sent stale (RFC 9111 section 4.2.4). */
  readonly mustRevalidate: boolean
  /** Its forms ready to be sent; what sends it keeps them here. */
  readonly forms = new Map<string, unknown>()
  /** Used since the storage last looked for room. */
  used = false
  #size: number
  /** Milliseconds since 1970 at which its age would have been 0. */
  readonly #bornAt: number

  constructor(parts: StoredParts, defaults: FreshnessDefaults) {
    const { status, fields, body, names, values } = parts
    this.parts = parts
    const directives = new Directives(fieldOf(fields, 'cache-control'))
    this.directives = directives
    this.etag = singleOf(fields, 'etag')
    this.lastModified = parseHttpDate(singleOf(fields, 'last-modified'))
    this.date = parseHttpDate(singleOf(fields, 'date')) ?? parts.receivedAt
    this.explicit =
      directives.has('max-age') ||
      directives.has('s-maxage') ||
      directives.has('public') ||
      singleOf(fields, 'expires') !== undefined
    this.lifetime = lifetimeOf(status, fields, directives, this.date, defaults.ttl)
    this.mustRevalidate = mustRevalidate(directives)
    this.staleWhileRevalidate = directives.seconds('stale-while-revalidate') ?? defaults.staleWhileRevalidate
    this.noCache = directives.isWhole('no-cache')
    this.forAuthorized =
      directives.has('public') || directives.has('s-maxage') || directives.has('must-revalidate')
    this.#bornAt = bornAt(parts, this.date)
    const copies = body.byteLength > MAX_TEXT ? 1 : 2
    this.#size = OVERHEAD + copies * body.byteLength + lengthOf(fields) + lengthOf(names) + lengthOf(values)
  }

  /** Bytes, its compressed forms included. */
  get size(): number {
    return this.#size
  }

  grow(bytes: number): void {
    this.#size += bytes
  }

  /** Seconds (RFC 9111 section 4.2.3). */
  age(now: number): number {
    return Math.max(0, Math.floor((now - this.#bornAt) / 1000))
  }

  /** Seconds that are left; below 0 it is stale for as long. */
  freshFor(now: number): number {
    return this.lifetime - (now - this.#bornAt) / 1000
  }

  isSelectedBy(headers: IncomingHttpHeaders): boolean {
    return isSelected(headers, this.parts.names, this.parts.values)
  }

  /** Seconds behind its freshness for which it is of use: sent stale, or asked about. */
  get usableStale(): number {
    const onFailure = this.directives.seconds('stale-if-error') ?? 0
    return Math.max(this.staleWhileRevalidate, onFailure, this.hasValidator ? this.lifetime : 0)
  }

  /** Whether the program can be asked if it is still good. */
  get hasValidator(): boolean {
    return this.etag !== undefined || this.lastModified !== undefined
  }

  /** Whether a 304, or a HEAD, speaks of what is stored here (RFC 9111 section 4.3.4). */
  isMeantBy(fields: readonly string[]): boolean {
    const etag = singleOf(fields, 'etag')
    if (etag !== undefined) return this.etag !== undefined && weakly(etag) === weakly(this.etag)
    const modified = parseHttpDate(singleOf(fields, 'last-modified'))
    return modified === undefined || modified === this.lastModified
  }

  /** The same body with newer fields. */
  freshened(
    fields: readonly string[],
    times: Pick<StoredParts, 'age' | 'requestedAt' | 'receivedAt'>,
    defaults: FreshnessDefaults,
  ): StoredResponse {
    return new StoredResponse(
      { ...this.parts, ...times, fields: updatedFields(this.parts.fields, fields) },
      defaults,
    )
  }
}

/** RFC 9111 section 5.2.2; s-maxage forbids it too, unless stale use is asked for beside it. */
function mustRevalidate(directives: Directives): boolean {
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate')) return true
  if (!directives.has('s-maxage')) return false
  return !directives.has('stale-while-revalidate') && !directives.has('stale-if-error')
}

/** RFC 9111 section 4.2.1. */
function lifetimeOf(
  status: number,
  fields: readonly string[],
  directives: Directives,
  date: number,
  ttl: number,
): number {
  const told = directives.seconds('s-maxage') ?? directives.seconds('max-age')
  if (told !== undefined) return told
  const expires = singleOf(fields, 'expires')
  if (expires !== undefined) return Math.max(0, ((parseHttpDate(expires) ?? date) - date) / 1000)
  return FRESH_BY_DEFAULT.has(status) || directives.has('public') ? ttl : 0
}

/** RFC 9111 section 4.2.3, as a point in time instead of an age. */
function bornAt({ age, requestedAt, receivedAt }: StoredParts, date: number): number {
  const corrected = age * 1000 + (receivedAt - requestedAt)
  return receivedAt - Math.max(0, receivedAt - date, corrected)
}

function lengthOf(texts: readonly string[]): number {
  let length = 0
  for (const text of texts) length += text.length
  return length
}
