/**
 * All that is counted of a server, at once.
 * @module
 */
import type { HydrogenContext } from './context.ts'
import type { MetricsSnapshot } from './metrics.ts'

export function measure({
  metrics,
  connections,
  sessions,
  topics,
  subscriptions,
  runs,
}: HydrogenContext): MetricsSnapshot {
  let queuedFrames = 0
  let queuedBytes = 0
  for (const { outbox } of connections) {
    queuedFrames += outbox.size
    queuedBytes += outbox.bytes
  }
  let unacked = 0
  for (const live of sessions) unacked += live.unacked
  return {
    connections: connections.size,
    totalConnections: metrics.totalConnections,
    sessions: sessions.size,
    topics: topics.size,
    historyBytes: topics.bytes,
    subscriptions: subscriptions.size,
    queuedFrames,
    queuedBytes,
    unacked,
    messages: metrics.messages,
    acks: metrics.acks,
    commands: metrics.commands,
    runningCommands: runs.size,
    errors: { ...metrics.errors },
    published: metrics.published,
    deliveries: metrics.deliveries,
    dropped: metrics.dropped,
    overflows: { ...metrics.overflows },
    ...metrics.deliveryCounts(sessions),
    resumes: { ...metrics.resumes },
    commandLatency: metrics.commandLatency.snapshot(),
    publishLatency: metrics.publishLatency.snapshot(),
  }
}
