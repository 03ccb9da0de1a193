/**
 * What was agreed on between client and broker: 175.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { family } from './family.ts'

/** What `query(fd, MQTT_SESSION)` tells of a client, and of a broker's connection. */
export interface MqttSessionInfo {
  client_id: string
  version: '3.1' | '3.1.1' | '5'
  clean: boolean
  /** The broker had kept the session. Of a client. */
  session_present?: boolean
  /** Who it says it is. Of a broker's connection. */
  username?: string
  /** What the broker said as it connected, under mqtt.js's names. Of a client of MQTT 5. */
  properties?: Record<string, unknown>
}

export const MQTT_SESSION = defineOption({
  number: 175,
  name: 'MQTT_SESSION',
  family,
  schema: {
    type: ['object', 'null'],
    description: 'What client and broker agreed on as they connected: asked by query.',
  },
  value: type<MqttSessionInfo | null>(),
  when: 'read-only',
  journal: 'action',
  default: null,
})
