/**
 * Which of HYDROGEN_TOPICS holds for a topic.
 * @module
 */
import type { Lane } from '../envelope/types.ts'
import { DEFAULT_HISTORY_LIMITS, type HistoryLimits } from '../history/topic-history.ts'
import type { TopicSettings } from '../settings.ts'
import { covers, hasWildcard, parsePattern } from '../topics/name.ts'
import type { HydrogenHistory, HydrogenTopic, LaneName } from './topics.ts'

export const DEFAULT_TOPIC: TopicSettings = settingsOf({})

interface Rule {
  readonly tokens: readonly string[]
  readonly settings: TopicSettings
}

/** The settings of a topic, of the most specific pattern that it matches. */
export function topicRules(topics: Readonly<Record<string, HydrogenTopic>>): (name: string) => TopicSettings {
  const exact = new Map<string, TopicSettings>()
  const rules: Rule[] = []
  for (const [pattern, topic] of Object.entries(topics)) {
    const settings = settingsOf(topic)
    if (hasWildcard(pattern)) rules.push({ tokens: parsePattern(pattern)!, settings })
    else exact.set(pattern, settings)
  }
  rules.sort((a, b) => compare(a.tokens, b.tokens))
  return name => exact.get(name) ?? wild(rules, name) ?? DEFAULT_TOPIC
}

function wild(rules: readonly Rule[], name: string): TopicSettings | undefined {
  if (rules.length === 0) return undefined
  const tokens = name.split('.')
  return rules.find(rule => covers(rule.tokens, tokens))?.settings
}

/** The first difference decides: a name is more specific than `*`, which is more so than `>`. */
function compare(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = vagueness(a[i]!) - vagueness(b[i]!)
    if (difference !== 0) return difference
  }
  return b.length - a.length
}

function vagueness(token: string): number {
  if (token === '>') return 2
  return token === '*' ? 1 : 0
}

function settingsOf({ history, lane, ...topic }: HydrogenTopic): TopicSettings {
  return {
    history: historyOf(history),
    ack: topic.ack ?? false,
    strict: topic.strict ?? false,
    lane: laneOf(lane ?? 2),
    presence: topic.presence ?? false,
    last: topic.last ?? false,
    latest: topic.latest ?? false,
    permission: topic.permission,
  }
}

function historyOf(history: false | HydrogenHistory = {}): HistoryLimits {
  if (history === false) return { ...DEFAULT_HISTORY_LIMITS, maxCount: 0 }
  const { count, bytes, age, meta } = history
  const maxAge = age === undefined ? DEFAULT_HISTORY_LIMITS.maxAge : age * 1000
  const metaTtl = meta === undefined ? DEFAULT_HISTORY_LIMITS.metaTtl : meta * 1000
  return {
    maxCount: count ?? DEFAULT_HISTORY_LIMITS.maxCount,
    maxBytes: bytes ?? DEFAULT_HISTORY_LIMITS.maxBytes,
    maxAge,
    metaTtl: Math.max(maxAge, metaTtl),
  }
}

const LANES: Readonly<Record<string, Lane>> = { high: 1, normal: 2, bulk: 3 }

function laneOf(lane: LaneName): Lane {
  return typeof lane === 'string' ? LANES[lane]! : lane
}
