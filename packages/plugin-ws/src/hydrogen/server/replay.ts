/**
 * Reading on in histories, as fast as a session takes it.
 * @module
 */
import type { LivePublication } from './live-event.ts'
import type { LiveSession } from './live-session.ts'
import type { TopicPlace } from './subscriber.ts'
import type { Topics } from './topics.ts'

/** Of one reading. */
const PAGE_EVENTS = 128
const PAGE_BYTES = 64 * 1024

/** Whether another page may be given out: a page fits into what may wait, and nothing waits. */
function hasRoom({ connection, delivery }: LiveSession, place: TopicPlace): boolean {
  if (connection === undefined || connection.ended) return false
  return place.ack ? delivery.pending === 0 && connection.outbox.open : connection.outbox.open
}

/** No more than goes out at once; one event at least. */
function cut(publications: readonly LivePublication[]): readonly LivePublication[] {
  let bytes = 0
  for (let i = 0; i < publications.length; i++) {
    bytes += publications[i]!.bytes
    if (bytes > PAGE_BYTES && i > 0) return publications.slice(0, i)
  }
  return publications
}

/** Goes on until there is no room, or nothing more to read. Urgent topics go first. */
export function replay(live: LiveSession, topics: Topics, now: number): void {
  const { recovering } = live
  if (recovering === undefined || recovering.size === 0) return
  for (const place of [...recovering].sort((a, b) => a.lane - b.lane)) {
    if (!recovering.has(place)) continue
    const history = topics.peek(place.topic)?.history
    if (history === undefined || history.epoch !== place.epoch)
      return live.connection?.shut('insufficientState')
    while (hasRoom(live, place)) {
      const from = place.recovery!.wanted
      if (from === undefined) {
        place.recovery = undefined
        recovering.delete(place)
        break
      }
      place.recovery!.page(cut(history.read({ from, limit: PAGE_EVENTS }, now)))
    }
  }
}
