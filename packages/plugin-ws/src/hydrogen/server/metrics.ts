/**
 * What a server counts.
 * @module
 */
import type { DeliveryCounts } from '../delivery/index.ts'
import { Histogram, type HistogramSnapshot } from '../histogram.ts'
import type { LiveSession } from './live-session.ts'

export interface MetricsSnapshot {
  connections: number
  totalConnections: number
  sessions: number
  topics: number
  historyBytes: number
  subscriptions: number
  /** Frames and bytes that wait for connections. */
  queuedFrames: number
  queuedBytes: number
  unacked: number
  messages: number
  acks: number
  commands: number
  runningCommands: number
  /** By error, of what was answered with one. */
  errors: Record<string, number>
  published: number
  deliveries: number
  /** Events that gave way to newer ones. */
  dropped: number
  overflows: { slow: number; overflow: number }
  redelivered: number
  acked: number
  dead: number
  expired: number
  lateAcks: number
  resumes: { recovered: number; partly: number; failed: number }
  /** Milliseconds. */
  commandLatency: HistogramSnapshot
  publishLatency: HistogramSnapshot
}

/** Of all sessions together; see `delivery/counts.ts`. */
type DeliveryTotals = Pick<DeliveryCounts, 'redelivered' | 'acked' | 'dead' | 'expired' | 'lateAcks'>

export class Metrics {
  totalConnections = 0
  messages = 0
  acks = 0
  commands = 0
  readonly errors: Record<string, number> = {}
  published = 0
  deliveries = 0
  dropped = 0
  readonly overflows = { slow: 0, overflow: 0 }
  readonly resumes = { recovered: 0, partly: 0, failed: 0 }
  readonly commandLatency = new Histogram()
  readonly publishLatency = new Histogram()
  readonly #delivery: DeliveryTotals = { redelivered: 0, acked: 0, dead: 0, expired: 0, lateAcks: 0 }

  error(code: string): void {
    this.errors[code] = (this.errors[code] ?? 0) + 1
  }

  /** A session is over: what it counted goes on counting. */
  retire(live: LiveSession): void {
    if (live.hasDelivery) this.#add(this.#delivery, live)
  }

  /** Deliveries of all sessions, those that are over included. */
  deliveryCounts(sessions: Iterable<LiveSession>): DeliveryTotals {
    const sum = { ...this.#delivery }
    for (const live of sessions) if (live.hasDelivery) this.#add(sum, live)
    return sum
  }

  #add(sum: DeliveryTotals, live: LiveSession): void {
    const { redelivered, acked, dead, expired, lateAcks } = live.delivery.counts
    sum.redelivered += redelivered
    sum.acked += acked
    sum.dead += dead
    sum.expired += expired
    sum.lateAcks += lateAcks
  }
}
