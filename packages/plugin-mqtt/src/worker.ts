/**
 * The plugin's half in its worker: which driver serves which mode.
 * @module
 */
import { type Driver, defineWorker, type PluginSocket } from '@unisock/kernel/plugin'
import { MqttClient } from './client/mqtt-client.ts'
import { MQTT_CLIENT, MQTT_SERVER } from './modes.ts'
import { MqttBroker } from './server/mqtt-broker.ts'

const DRIVERS: Readonly<Record<number, (socket: PluginSocket) => Driver>> = {
  [MQTT_CLIENT]: socket => new MqttClient(socket),
  [MQTT_SERVER]: socket => new MqttBroker(socket),
}

export default defineWorker({ open: (mode, socket) => DRIVERS[mode]!(socket) })
