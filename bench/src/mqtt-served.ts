/**
 * An MQTT publisher, and a broker that counts.
 * @module
 */
import type { Contender } from './case.ts'
import { type Load, type LoadResult, perUnit, underLoad } from './under-load.ts'

export type PublishLoad = Load

export interface PublishResult extends LoadResult {
  readonly messages: number
}

/** Messages a second, and CPU a message. */
export const mqttPublish =
  (server: string, qos: 0 | 1): Contender =>
  async ({ quick }) => {
    const options = { server, args: [String(qos)], by: 'mqtt-sink', load: {}, quick }
    const measured = await underLoad<PublishLoad, PublishResult>(options)
    return perUnit('messages', measured.result.messages, measured)
  }
