/**
 * What a client says as it connects: its options, as mqtt.js takes them.
 * @module
 */
import { type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import {
  MQTT_CLEAN_SESSION,
  MQTT_KEEP_ALIVE,
  MQTT_MAX_PACKET_SIZE,
  MQTT_PASSWORD,
  MQTT_PROPERTIES,
  MQTT_USERNAME,
  MQTT_VERSION,
  MQTT_WILL_MESSAGE,
  MQTT_WILL_QOS,
  MQTT_WILL_RETAIN,
  MQTT_WILL_TOPIC,
} from '../options/index.ts'
import type { Introduction } from './broker-connection.ts'
import type { Destination } from './target.ts'

/** @throws {SocketError} `EINVAL` for options that do not go together. */
export function introductionOf(
  socket: PluginSocket,
  destination: Destination,
  clientId: string,
): Introduction {
  const isVersion5 = socket.option(MQTT_VERSION) === '5'
  const username = (socket.option(MQTT_USERNAME) as string | undefined) ?? destination.username
  const password = (socket.option(MQTT_PASSWORD) as string | undefined) ?? destination.password
  const { connect, will: willProperties } = socket.option(MQTT_PROPERTIES)
  if (!isVersion5 && (connect || willProperties))
    throw refuse('MQTT_PROPERTIES (166) is for MQTT_VERSION (160) 5')
  if (!isVersion5 && password !== undefined && username === undefined)
    throw refuse('MQTT_PASSWORD (133) needs MQTT_USERNAME (132) in MQTT 3.1.1')
  const topic = socket.option(MQTT_WILL_TOPIC)
  const clean = socket.option(MQTT_CLEAN_SESSION)
  return {
    clientId,
    protocolVersion: isVersion5 ? 5 : 4,
    clean,
    keepalive: socket.option(MQTT_KEEP_ALIVE),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
    ...(isVersion5 && {
      properties: {
        // As in MQTT 3.1.1, a session that is not clean stays.
        ...(!clean && { sessionExpiryInterval: 0xffffffff }),
        ...(connect as object | undefined),
        maximumPacketSize: socket.option(MQTT_MAX_PACKET_SIZE),
      },
    }),
    ...(topic !== '' && {
      will: {
        topic,
        payload: Buffer.from(socket.option(MQTT_WILL_MESSAGE)),
        qos: socket.option(MQTT_WILL_QOS),
        retain: socket.option(MQTT_WILL_RETAIN),
        ...(willProperties && { properties: willProperties as object }),
      },
    }),
  }
}

function refuse(message: string): SocketError {
  return new SocketError('EINVAL', message, { op: 'connect' })
}
