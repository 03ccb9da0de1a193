/**
 * What the parts of a server have of each other.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import type { Authority } from '../auth/authority.ts'
import type { AdmittedIdentity } from '../auth/identity.ts'
import type { Clock } from '../clock.ts'
import type { HydrogenSettings } from '../settings.ts'
import type { Subscriptions } from '../topics/subscriptions.ts'
import type { Commands } from './commands.ts'
import type { HydrogenConnection } from './connection.ts'
import type { Ids } from './ids.ts'
import type { LiveSession } from './live-session.ts'
import type { Metrics, MetricsSnapshot } from './metrics.ts'
import type { Publisher } from './publisher.ts'
import type { Runs } from './runs.ts'
import type { Sessions } from './sessions.ts'
import type { Subscriber } from './subscriber.ts'
import type { Topics } from './topics.ts'

export interface HydrogenContext {
  readonly socket: PluginSocket
  readonly clock: Clock
  /** Seconds since it began: fine enough for what is looked at once a second. */
  readonly second: number
  readonly settings: HydrogenSettings
  readonly ids: Ids
  readonly metrics: Metrics
  readonly authority: Authority
  readonly topics: Topics
  readonly sessions: Sessions
  readonly subscriptions: Subscriptions<Subscriber>
  readonly publisher: Publisher
  readonly commands: Commands
  readonly runs: Runs
  readonly connections: ReadonlySet<HydrogenConnection>
  /** The status object, as it is now. */
  status(): unknown
  /** All that is counted. */
  measure(): MetricsSnapshot
  /** Has the program told of its transitions, where it wants that. */
  observe(connection: HydrogenConnection): void
  /** What it wrote leaves when this turn is over. */
  flushLater(connection: HydrogenConnection): void
  /** A connection has ended, or is about to. */
  gone(connection: HydrogenConnection): void
  /** Reads on in the histories of the topics that a session is behind in. */
  replay(live: LiveSession): void
  /**
   * The client knows where it is in its topics: what it is behind in comes.
   *
   * @param received Over a new connection: the greatest number of an event that the client has.
   */
  start(live: LiveSession, received?: number): void
  /** A session's user has other permissions; gives back the patterns that are no longer allowed. */
  refresh(live: LiveSession, identity: AdmittedIdentity): readonly string[]
  /** Gives a session its connection. */
  attach(connection: HydrogenConnection, live: LiveSession): void
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, details?: Record<string, unknown>): void
}
