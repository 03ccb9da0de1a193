/**
 * What happens by time alone, once a second.
 * @module
 */
import type { HydrogenConnection } from './connection.ts'
import type { HydrogenContext } from './context.ts'

const SECOND = 1000
/** Seconds between two looks at topics that may be forgotten. */
const SWEEP = 30
/** Seconds before a client's identity expires at which it is told. */
const EXPIRY_NOTICE = 30

const seconds = (ms: number): number => Math.ceil(ms / SECOND)

export class Watch implements Disposable {
  readonly #context: HydrogenContext
  readonly #timer: NodeJS.Timeout
  /** Since it began. */
  second = 0

  constructor(context: HydrogenContext) {
    this.#context = context
    this.#timer = setInterval(() => this.#tick(), SECOND)
    this.#timer.unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const { runs, sessions, settings } = this.#context
    const { status, session } = settings
    this.second++
    this.#watchConnections()
    runs.sweep()
    sessions.sweep()
    if (status !== undefined && status.interval > 0 && this.second % seconds(status.interval) === 0)
      void this.#publishStatus(status.topic)
    if (this.second % SWEEP === 0) this.#sweepTopics()
    if (this.second % seconds(session.ttl) === 0) sessions.touch()
  }

  /** Ends those that are silent, that have not shown who they are, or whose identity has expired. */
  #watchConnections(): void {
    const { clock, connections, settings } = this.#context
    const { idleTimeout, limits } = settings
    const idle = idleTimeout === 0 ? Number.POSITIVE_INFINITY : seconds(idleTimeout)
    const auth = seconds(limits.authTimeout)
    const now = clock.now()
    for (const connection of connections) {
      const { identity, live } = connection
      if (this.second - connection.heard > idle) connection.idle()
      else if (identity === undefined && this.second - connection.opened > auth)
        connection.shut('unauthorized')
      else if (identity?.expires !== undefined) watchExpiry(connection, identity.expires, now)
      if (live?.recovering !== undefined) this.#context.replay(live)
    }
  }

  async #publishStatus(topic: string): Promise<void> {
    const { publisher } = this.#context
    const data = JSON.stringify(this.#context.status())
    try {
      await publisher.publish(['publish', topic, data, 'system', 'status_update', null])
    } catch (error) {
      this.#context.log('warn', 'the status could not be published', { error: (error as Error).message })
    }
  }

  #sweepTopics(): void {
    const { sessions, topics } = this.#context
    const used = new Set<string>()
    for (const live of sessions) for (const name of live.places.keys()) used.add(name)
    topics.sweep(({ name }) => used.has(name))
  }
}

/** The client is told of each expiry once. */
function watchExpiry(connection: HydrogenConnection, expires: number, now: number): void {
  if (expires <= now) connection.shut('tokenExpired')
  else if (expires - now <= EXPIRY_NOTICE * SECOND && connection.toldExpiry !== expires) {
    connection.toldExpiry = expires
    connection.tell('token_expiring', { expires })
  }
}
