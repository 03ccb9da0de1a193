/**
 * Commands on the channel `system`.
 * @module
 */
import { connect } from './connect.ts'
import { history, ping, presence, status } from './looking.ts'
import { refresh } from './refresh.ts'
import { resume } from './resume.ts'
import { subscribe, unsubscribe } from './subscribe.ts'
import type { Verb } from './verb.ts'

export type { Verb } from './verb.ts'

export const VERBS: ReadonlyMap<string, Verb> = new Map(
  Object.entries({ connect, resume, refresh, subscribe, unsubscribe, history, presence, status, ping }),
)
