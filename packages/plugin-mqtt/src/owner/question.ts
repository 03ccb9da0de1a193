/**
 * Asking the program what clients of its broker may do.
 * @module
 */
import { type Addr, Question, toAddr } from '@unisock/kernel/plugin'
import type { MayAccessWire, MayConnectWire, QoS, QuestionWire } from '../wire.ts'
import { MAY_CONNECT } from '../wire.ts'

/** A client that wants to connect: what the function of MQTT_AUTH gets. */
export interface ConnectRequest {
  client_id: string
  username: string | undefined
  password: Buffer | undefined
  addr: Addr
}

/** A client that wants to publish or subscribe: what the function of MQTT_ACL gets. */
export interface AccessRequest {
  action: 'publish' | 'subscribe'
  /** The topic, or the topic filter. */
  topic: string
  qos: QoS
  retain: boolean
  client_id: string
  username: string | undefined
}

class ConnectQuestion extends Question implements ConnectRequest {
  readonly client_id: string
  readonly username: string | undefined
  readonly password: Buffer | undefined
  readonly addr: Addr

  constructor([, id, clientId, username, password, address, port]: MayConnectWire) {
    super(id)
    this.client_id = clientId
    this.username = username ?? undefined
    this.password = password ?? undefined
    this.addr = toAddr(address, port)
  }
}

class AccessQuestion extends Question implements AccessRequest {
  readonly action: 'publish' | 'subscribe'
  readonly topic: string
  readonly qos: QoS
  readonly retain: boolean
  readonly client_id: string
  readonly username: string | undefined

  constructor([, id, action, topic, qos, retain, clientId, username]: MayAccessWire) {
    super(id)
    this.action = action
    this.topic = topic
    this.qos = qos
    this.retain = retain
    this.client_id = clientId
    this.username = username ?? undefined
  }
}

export function toQuestion(wire: QuestionWire): ConnectRequest | AccessRequest {
  return wire[0] === MAY_CONNECT ? new ConnectQuestion(wire) : new AccessQuestion(wire)
}

export function questionId(message: unknown): number | undefined {
  return Question.idOf(message)
}
