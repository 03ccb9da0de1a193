/**
 * A client in the owner's thread.
 * @module
 */
import type { OwnerHalf, OwnerPort } from '@unisock/kernel/plugin'
import { MQTT_QOS, MQTT_RETAIN } from '../options/index.ts'
import {
  CONFIRMED,
  type MessageWire,
  type PublishWire,
  QOS,
  type QoS,
  type SequenceWire,
  type WrittenWire,
} from '../wire.ts'
import { type Defaults, type MqttWrite, toWire } from '../written.ts'
import { Held } from './held.ts'
import { toMessage } from './message.ts'

function receive(wire: MessageWire | SequenceWire, port: OwnerPort, bytes: number): unknown {
  if (typeof wire[0] === 'string') return toMessage(wire as MessageWire)
  const [op, sequence] = wire as SequenceWire
  const { held } = ClientState.of(port)
  if (op === CONFIRMED) held.confirmed(sequence)
  else held.resumed(sequence)
  port.consumed(bytes)
  return undefined
}

function send(data: MqttWrite, port: OwnerPort, transfer: boolean): boolean {
  const state = ClientState.of(port)
  const wire = toWire(data, state, 'write')
  if (isPublish(wire) && (wire[2] & QOS) > 0) return state.held.send(wire, transfer)
  return port.send(wire, transfer)
}

function isPublish(wire: WrittenWire): wire is PublishWire {
  return typeof wire[0] === 'string'
}

/** What is known of one client. */
class ClientState implements Defaults {
  readonly held: Held
  readonly #port: OwnerPort

  constructor(port: OwnerPort) {
    this.#port = port
    this.held = new Held(port)
  }

  static of(port: OwnerPort): ClientState {
    port.state ??= new ClientState(port)
    return port.state as ClientState
  }

  qos(): QoS {
    return this.#port.option(MQTT_QOS)
  }

  retain(): boolean {
    return this.#port.option(MQTT_RETAIN)
  }
}

export const clientOwner: OwnerHalf = { receive: receive as OwnerHalf['receive'] & object, send }
