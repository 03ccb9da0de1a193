/**
 * Getting a session, and getting it back.
 * @module
 */
import type { Lane } from '../envelope/types.ts'
import type { WireError } from '../errors.ts'
import type { TopicAnswer } from '../recovery/answer.ts'
import type { SessionInfo } from './api.ts'
import type { TopicPosition } from './positions.ts'

/** The answer to `connect`. */
export interface ConnectAnswer extends Omit<SessionInfo, 'recovered' | 'reason'> {
  /** What resumes it. */
  readonly token: string
  readonly limits?: { readonly maxBytes?: number }
}

/** The answer to `resume`. */
export interface ResumeAnswer extends ConnectAnswer {
  /** The newest number of a command that the server knows. */
  readonly cseq: number
  /** The newest number of an event that it knows to have sent. */
  readonly received: number
  readonly topics: Readonly<Record<string, TopicAnswer | { readonly error: WireError }>>
  readonly subscriptions: readonly { readonly topic: string; readonly lane?: Lane }[]
  /** Patterns that are no longer allowed. */
  readonly revoked: readonly string[]
}

/** What the program is told of a session; `reason`: why it is not the one before. */
export function sessionInfo(
  { session, user, permissions, ttl, expires }: ConnectAnswer,
  recovered: boolean,
  reason: string | undefined,
): SessionInfo {
  const info = { session, user, permissions, ttl, recovered }
  return { ...info, ...(expires !== undefined && { expires }), ...(reason !== undefined && { reason }) }
}

/** Keys in a message that a server takes by default, some room left. */
const MAX_KEYS = 4000
const KEYS_OF_TOPIC = 4
/** Bytes that are left for all but the positions. */
const ROOM = 2048

/** What a command says of topics: as many of them as fit into a message. */
export function topicsFor(
  positions: Iterable<[string, TopicPosition]>,
  isPartial: (topic: string) => boolean,
  maxBytes: number,
): Record<string, object> {
  const topics: Record<string, object> = {}
  let bytes = ROOM
  let keys = 0
  for (const [topic, { epoch, offset }] of positions) {
    bytes += 3 * (topic.length + epoch.length) + 64
    keys += KEYS_OF_TOPIC
    if (bytes > maxBytes || keys > MAX_KEYS) break
    topics[topic] = isPartial(topic) ? { epoch, offset, partial: true } : { epoch, offset }
  }
  return topics
}

/** The session is gone, a new one may be had. */
export const isGone = (reason: string): boolean =>
  reason === 'session_unknown' || reason === 'session_expired'

/** A token of RFC 9110 section 5.6.2, which is what a subprotocol is. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const PREFIX = 'unisock.auth.'

/** What a client shows: in the handshake where that can be written there, else with its first command. */
export function credentials(
  key: string | undefined,
  token: string | undefined,
): { protocols: string[]; token: string | undefined } {
  const shown = key ?? token
  if (shown === undefined) return { protocols: [], token }
  if (!TOKEN.test(shown)) return { protocols: [], token: token ?? key }
  return { protocols: [PREFIX + shown], token: key === undefined ? undefined : token }
}
