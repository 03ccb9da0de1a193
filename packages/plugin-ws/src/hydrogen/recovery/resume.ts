/**
 * The positions of all topics of a session, answered one by one: one that is not recoverable fails alone.
 * @module
 */
import { type HydrogenErrorCode, type WireError, wireError } from '../errors.ts'
import type { StreamState } from '../history/topic-history.ts'
import { isTopic } from '../topics/name.ts'
import { answerPosition, type ClientPosition, type TopicAnswer } from './answer.ts'

export type ResumedTopic = TopicAnswer | { readonly error: WireError }

/** What a position looks like that a client sent. */
function positionOf(value: unknown): ClientPosition | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { epoch, offset, partial } = value as Record<string, unknown>
  if (typeof epoch !== 'string' || epoch.length > 128) return undefined
  if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) return undefined
  if (partial !== undefined && typeof partial !== 'boolean') return undefined
  return { epoch, offset, partial }
}

/**
 * Answers each topic of `topics`, which a client sent. `find` gives the state of a topic, or says why this client may
 * not have it; it is asked for every topic anew, whatever was allowed before.
 */
export function answerResume(
  topics: Readonly<Record<string, unknown>>,
  find: (topic: string) => StreamState | HydrogenErrorCode,
): Map<string, ResumedTopic> {
  const answers = new Map<string, ResumedTopic>()
  for (const topic of Object.keys(topics)) answers.set(topic, answerOne(topic, topics[topic], find))
  return answers
}

function answerOne(
  topic: string,
  value: unknown,
  find: (topic: string) => StreamState | HydrogenErrorCode,
): ResumedTopic {
  if (!isTopic(topic)) return { error: wireError('bad_topic') }
  const position = positionOf(value)
  if (position === undefined) return { error: wireError('mistyped_field', { field: topic }) }
  const state = find(topic)
  return typeof state === 'string' ? { error: wireError(state) } : answerPosition(state, position)
}
