/**
 * MQTT_ACL: who may publish and subscribe to what.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import { MQTT_ACL, type MqttAcl, type MqttRule } from '../options/index.ts'
import { covers, matches, ownFilter } from '../topics/match.ts'
import { MAY_ACCESS, type QoS } from '../wire.ts'
import type { Verdicts } from './verdicts.ts'

export interface Access {
  readonly action: 'publish' | 'subscribe'
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  readonly clientId: string
  readonly username: string | undefined
}

export class AccessControl {
  readonly #socket: PluginSocket
  readonly #verdicts: Verdicts

  constructor(socket: PluginSocket, verdicts: Verdicts) {
    this.#socket = socket
    this.#verdicts = verdicts
  }

  /** At once where no function has to be asked. */
  allows(access: Access): boolean | Promise<boolean> {
    const settings = this.#socket.option(MQTT_ACL) as MqttAcl | undefined
    if (!settings) return true
    const { rules = [], handler } = settings
    const rule = rules.find(one => isAbout(one, access))
    if (rule) return rule.allow !== false
    if (!handler) return false
    const { action, topic, qos, retain, clientId, username = null } = access
    return this.#verdicts.ask(handler, [MAY_ACCESS, action, topic, qos, retain, clientId, username])
  }
}

/** A rule that forbids is about every subscription that would get what it forbids. */
function isAbout(rule: MqttRule, { action, topic, clientId, username }: Access): boolean {
  if (rule.action !== undefined && rule.action !== action) return false
  if (rule.username !== undefined && rule.username !== username) return false
  if (rule.client_id !== undefined && rule.client_id !== clientId) return false
  return rule.topics.some(pattern => {
    const filter = filledIn(pattern, clientId, username)
    if (filter === undefined) return false
    if (action === 'publish') return matches(filter, topic)
    const asked = ownFilter(topic)
    return covers(filter, asked) || (rule.allow === false && overlaps(filter, asked))
  })
}

/** Undefined where a name would be a wildcard, or several levels. */
function filledIn(pattern: string, clientId: string, username: string | undefined): string | undefined {
  let filter = pattern
  for (const [mark, name] of [
    ['%c', clientId],
    ['%u', username],
  ] as const) {
    if (!pattern.includes(mark)) continue
    if (name === undefined || name === '' || /[+#/]/.test(name)) return undefined
    filter = filter.replaceAll(mark, () => name)
  }
  return filter
}

/** Whether there is a topic that both filters mean. */
function overlaps(one: string, other: string): boolean {
  const a = one.split('/')
  const b = other.split('/')
  for (let i = 0; ; i++) {
    if (a[i] === '#' || b[i] === '#') return true
    if (i === a.length || i === b.length) return a.length === b.length
    if (a[i] !== b[i] && a[i] !== '+' && b[i] !== '+') return false
  }
}
