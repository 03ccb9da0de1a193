/**
 * Which of HYDROGEN_ACTIONS holds for a command.
 * @module
 */
import type { ActionSettings } from '../settings.ts'
import type { HydrogenAction } from './auth.ts'

const OWN: ActionSettings = { permission: undefined, signed: false, token: false }
const FREE: ActionSettings = { ...OWN, permission: null }

/** Verbs of the channel `system` that are open to everybody: what they give is asked for topic by topic. */
const FREE_VERBS = [
  'connect',
  'resume',
  'refresh',
  'subscribe',
  'unsubscribe',
  'history',
  'presence',
  'ping',
] as const

const SYSTEM = 'system'

type Actions = Map<string, ActionSettings>

/**
 * What a command asks for, of the most specific pattern: `a:b`, then `a:*`, then `*:b`, then `*:*`. A channel's name
 * goes before an action's.
 */
export function actionRules(
  patterns: Readonly<Record<string, HydrogenAction>>,
): (channel: string, action: string) => ActionSettings {
  const channels = new Map<string, Actions>()
  const add = (channel: string, action: string, settings: ActionSettings): void => {
    const actions = channels.get(channel)
    if (actions) actions.set(action, settings)
    else channels.set(channel, new Map([[action, settings]]))
  }
  for (const [pattern, action] of Object.entries(patterns)) {
    const [channel, name = '*'] = pattern.split(':') as [string, string?]
    add(channel, name, settingsOf(action))
  }
  const system = channels.get(SYSTEM)
  if (!system?.has('*')) for (const verb of FREE_VERBS) if (!system?.has(verb)) add(SYSTEM, verb, FREE)
  const any = channels.get('*')
  return (channel, action) => {
    const own = channels.get(channel)
    return own?.get(action) ?? own?.get('*') ?? any?.get(action) ?? any?.get('*') ?? OWN
  }
}

function settingsOf({ permission, signed = false, token = false }: HydrogenAction): ActionSettings {
  return { permission: permission === false ? null : permission, signed, token }
}
