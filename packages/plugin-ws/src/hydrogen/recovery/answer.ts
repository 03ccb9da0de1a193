/**
 * What a subscriber is told of a topic before any event of it.
 * @module
 */
import type { Gap } from '../envelope/types.ts'
import type { StreamState } from '../history/topic-history.ts'

/** Where a client says it is. */
export interface ClientPosition {
  readonly epoch: string
  /** Of the last publication it has; 0 where it has none. */
  readonly offset: number
  /** If not everything can be recovered, it wants what there is. */
  readonly partial?: boolean | undefined
}

/**
 * Why not everything is recovered. `epoch`: the topic began anew. `gap`: what comes next is no longer kept. `ahead`: the
 * position is beyond the newest publication, so it is not of this topic.
 */
export type UnrecoveredReason = 'epoch' | 'gap' | 'ahead'

export interface TopicAnswer {
  readonly epoch: string
  /** The client's position from now on: the next event follows it. It holds also where no event was ever published. */
  readonly offset: number
  /** The newest publication there is. */
  readonly top: number
  /** Every publication after the client's position will come. */
  readonly recovered: boolean
  /** The client had a position. */
  readonly wasRecovering: boolean
  readonly reason?: UnrecoveredReason
  /** The publications that will not come, both ends included. */
  readonly gap?: Gap
  /** What comes begins here, and not where the client was. */
  readonly truncatedFrom?: number
}

/** Never recovers a part of it in silence: whatever is missing is named. */
export function answerPosition(state: StreamState, position?: ClientPosition): TopicAnswer {
  const { epoch, top, first } = state
  if (position === undefined) return { epoch, offset: top, top, recovered: false, wasRecovering: false }
  const { offset } = position
  if (position.epoch !== epoch) return unrecovered(state, position, 'epoch')
  if (offset > top) return unrecovered(state, { ...position, partial: false }, 'ahead')
  if (offset + 1 >= first) return { epoch, offset, top, recovered: true, wasRecovering: true }
  return { ...unrecovered(state, position, 'gap'), gap: gapOf(state, position) }
}

function gapOf({ top, first }: StreamState, { offset, partial }: ClientPosition): Gap {
  return { from: offset + 1, to: partial ? first - 1 : top }
}

function unrecovered(
  { epoch, top, first }: StreamState,
  { partial }: ClientPosition,
  reason: UnrecoveredReason,
): TopicAnswer {
  const answer = { epoch, offset: top, top, recovered: false, wasRecovering: true, reason }
  return partial && first <= top ? { ...answer, offset: first - 1, truncatedFrom: first } : answer
}

/** A position that a client sent; undefined where that is none. */
export function positionOf(value: unknown): ClientPosition | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { epoch, offset, partial } = value as Record<string, unknown>
  if (typeof epoch !== 'string' || epoch.length > 128) return undefined
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) return undefined
  if (partial !== undefined && typeof partial !== 'boolean') return undefined
  return { epoch, offset, partial }
}
