/**
 * Who a client is, over all of its connections.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Identity } from '../auth/identity.ts'
import type { DeliverySnapshot } from '../delivery/index.ts'
import type { HydrogenErrorCode } from '../errors.ts'
import { SmallMap } from '../small-map.ts'
import { Commands, type CommandsOptions } from './commands.ts'
import type { SessionRecord, SubscriptionRecord } from './record.ts'
import { isIssued, issueToken, readToken } from './resume-token.ts'

export interface SessionOptions {
  /** Milliseconds for which a session outlives its connection. @default 120000 */
  readonly ttl?: number
  readonly commands?: CommandsOptions
}

export type ResumeFault = Extract<
  HydrogenErrorCode,
  'session_unknown' | 'session_expired' | 'session_user' | 'session_reused' | 'token_invalid'
>

/** A session that was given back, or why not. */
export type Resumed =
  | {
      readonly error?: undefined
      /** The next token. */
      readonly token: string
      /** Of the new connection; that of any older one is no longer good. */
      readonly generation: number
      /** Patterns that were subscribed to and are no longer allowed. */
      readonly revoked: readonly string[]
    }
  | { readonly error: ResumeFault }

const DEFAULT_TTL = 120_000

/**
 * Each connection of a session has a generation; what an older one still does is refused. A resume token is good once:
 * using it gives the next. Only while the client is not known to have that next one, because the answer may have been
 * lost with the connection, is the one before still good. Used after that, somebody else has it: the session ends, for
 * both.
 */
export class Session {
  readonly id: string
  readonly user: string
  readonly commands: Commands
  readonly #subscriptions = new SmallMap<SubscriptionRecord>()
  readonly #secret: string
  readonly #ttl: number
  #permissions: readonly string[]
  #generation: number
  #confirmed: number
  #expires: number
  #ended = false

  private constructor(record: SessionRecord, { ttl = DEFAULT_TTL, commands }: SessionOptions) {
    this.id = record.id
    this.user = record.user
    this.commands = new Commands(commands, record.commands)
    for (const subscription of record.subscriptions)
      this.#subscriptions.set(subscription.pattern, subscription)
    this.#secret = record.secret
    this.#permissions = record.permissions
    this.#generation = record.generation
    this.#confirmed = record.confirmed
    this.#expires = record.expires
    this.#ttl = ttl
  }

  /** A new session, which has a connection: generation 1. */
  static create({ user, permissions }: Identity, options: SessionOptions = {}): Session {
    const record: SessionRecord = {
      id: randomBytes(16).toString('base64url'),
      user,
      permissions,
      subscriptions: [],
      secret: randomBytes(32).toString('base64url'),
      generation: 1,
      confirmed: 1,
      expires: 0,
      commands: { seen: 0, running: [], responses: [] },
    }
    return new Session(record, options)
  }

  /** A session as it was kept. */
  static from(record: SessionRecord, options: SessionOptions = {}): Session {
    return new Session(record, options)
  }

  get permissions(): readonly string[] {
    return this.#permissions
  }

  get generation(): number {
    return this.#generation
  }

  /** The token that resumes it next. */
  get token(): string {
    return issueToken(this.#secret, this.user, this.id, this.#generation)
  }

  /** It was ended, by its owner or by theft. */
  get ended(): boolean {
    return this.#ended
  }

  get subscriptions(): IterableIterator<SubscriptionRecord> {
    return this.#subscriptions.values()
  }

  /** Subscribes, or changes what was subscribed to. */
  subscribe(subscription: SubscriptionRecord): void {
    this.#subscriptions.set(subscription.pattern, subscription)
  }

  /** False: it was not subscribed to. */
  unsubscribe(pattern: string): boolean {
    return this.#subscriptions.delete(pattern)
  }

  /** Whether a connection of this generation may act for the session. */
  isCurrent(generation: number): boolean {
    return !this.#ended && generation === this.#generation
  }

  /**
   * The client is known to have the token of this generation, because it sent what it sends only after reading that
   * answer: the ones before are no longer good.
   */
  confirm(generation: number): void {
    if (this.isCurrent(generation)) this.#confirmed = generation
  }

  /** The connection of this generation is gone: from now on the session's time runs. */
  detach(generation: number, now: number): void {
    if (this.isCurrent(generation)) this.#expires = now + this.#ttl
  }

  expired(now: number): boolean {
    return this.#expires !== 0 && this.#expires <= now
  }

  /** No token brings it back. */
  end(): void {
    this.#ended = true
  }

  /**
   * Gives the session to a new connection, whose user was authenticated anew. `allowed` is asked for every subscription
   * again: what was permitted when it was made may not be now.
   */
  resume(
    token: string,
    { user, permissions }: Identity,
    now: number,
    allowed: (pattern: string) => boolean,
  ): Resumed {
    const claims = readToken(token)
    if (claims === undefined) return { error: 'token_invalid' }
    if (this.#ended || claims.session !== this.id) return { error: 'session_unknown' }
    if (user !== this.user) return { error: 'session_user' }
    if (!isIssued(token, this.#secret, user)) return { error: 'token_invalid' }
    if (this.expired(now)) return { error: 'session_expired' }
    if (claims.generation < this.#confirmed) {
      this.end()
      return { error: 'session_reused' }
    }
    this.#confirmed = claims.generation
    this.#generation++
    this.#expires = 0
    this.#permissions = permissions
    return { token: this.token, generation: this.#generation, revoked: this.#revoke(allowed) }
  }

  /** Its user is permitted other things from now on; gives back the patterns that are no longer allowed. */
  permit(permissions: readonly string[], allowed: (pattern: string) => boolean): readonly string[] {
    this.#permissions = permissions
    return this.#revoke(allowed)
  }

  /** All of it as plain values. */
  snapshot(delivery?: DeliverySnapshot): SessionRecord {
    return {
      id: this.id,
      user: this.user,
      permissions: this.#permissions,
      subscriptions: [...this.#subscriptions.values()],
      secret: this.#secret,
      generation: this.#generation,
      confirmed: this.#confirmed,
      expires: this.#expires,
      commands: this.commands.snapshot(),
      ...(delivery && { delivery }),
    }
  }

  #revoke(allowed: (pattern: string) => boolean): string[] {
    const revoked = [...this.#subscriptions.keys()].filter(pattern => !allowed(pattern))
    for (const pattern of revoked) this.#subscriptions.delete(pattern)
    return revoked
  }
}
