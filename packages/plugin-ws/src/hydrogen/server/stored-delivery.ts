/**
 * A session's deliveries as the store keeps them: without their events, which are in the histories of their topics.
 * @module
 */
import type { DeliverySnapshot } from '../delivery/index.ts'
import { joinGaps } from '../recovery/index.ts'
import type { LiveEvent } from './live-event.ts'
import type { LiveSession } from './live-session.ts'
import type { Topics } from './topics.ts'

/** What was not given out yet is left to the topic's history: delivery goes on before it. */
export function compactDelivery({ seq, messages, pending, accepted }: DeliverySnapshot): DeliverySnapshot {
  if (pending.length === 0) return { seq, messages, pending, accepted }
  const first = new Map<string, number>()
  for (const [, topic, , offset] of pending) if (!first.has(topic)) first.set(topic, offset)
  return {
    seq,
    messages,
    pending: [],
    accepted: accepted.map(([topic, epoch, offset]) => [
      topic,
      epoch,
      Math.min(offset, (first.get(topic) ?? offset + 1) - 1),
    ]),
  }
}

/** What the histories no longer have cannot be delivered any more: the client is to be told of it. */
export async function restoreDelivery(
  live: LiveSession,
  snapshot: DeliverySnapshot,
  topics: Topics,
): Promise<void> {
  const events = new Map<string, LiveEvent>()
  for (const [id, name, epoch, offset] of snapshot.messages) {
    const { history } = await topics.open(name)
    const [publication] = history.epoch === epoch ? history.read({ from: offset, limit: 1 }, 0) : []
    if (publication?.offset === offset && publication.frame.id === id) events.set(id, publication.frame)
    else if (history.epoch === epoch) {
      live.missing ??= new Map()
      live.missing.set(name, joinGaps(live.missing.get(name), { from: offset, to: offset })!)
    }
  }
  const messages = snapshot.messages
    .filter(([id]) => events.has(id))
    .map(message => message.with(7, message[0]) as unknown as DeliverySnapshot['messages'][number])
  live.delivery.restore({ ...snapshot, messages }, id => events.get(id as string)!)
}
