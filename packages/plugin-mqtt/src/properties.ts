/**
 * Properties of MQTT 5 packets (MQTT 5.0 section 2.2.2), under the names that mqtt.js has for them.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { checkTopic } from './topics/name.ts'

export type UserProperties = Readonly<Record<string, string | readonly string[]>>

/** Of a message. */
export interface PublishProperties {
  /** The payload is UTF-8 text. */
  payloadFormatIndicator?: boolean
  /** Seconds after which the broker need not deliver it any more. */
  messageExpiryInterval?: number
  contentType?: string
  /** Where an answer is expected. */
  responseTopic?: string
  /** What an answer is told apart by. */
  correlationData?: Uint8Array
  userProperties?: UserProperties
}

/** Of a message that came. */
export interface ReceivedProperties extends Omit<PublishProperties, 'correlationData'> {
  correlationData?: Buffer
  /** Of the subscriptions that it came by; one, or several. */
  subscriptionIdentifier?: number | number[]
}

/** Of a subscription. */
export interface SubscribeProperties {
  /** From 1 to 268435455: comes with each message that comes by it. */
  subscriptionIdentifier?: number
  userProperties?: UserProperties
}

type Check = (value: unknown) => boolean

const MAX_UINT32 = 0xffffffff
const MAX_IDENTIFIER = 268_435_455
const MAX_BYTES = 65_535

const isText: Check = value =>
  typeof value === 'string' && value.isWellFormed() && Buffer.byteLength(value) <= MAX_BYTES
const within =
  (least: number, most: number): Check =>
  value =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
const isTextMap: Check = value =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(
    ([name, text]) => isText(name) && (Array.isArray(text) ? text.every(isText) : isText(text)),
  )

const PUBLISH: Readonly<Record<keyof PublishProperties, Check>> = {
  payloadFormatIndicator: value => typeof value === 'boolean',
  messageExpiryInterval: within(0, MAX_UINT32),
  contentType: isText,
  responseTopic: isText,
  correlationData: value => value instanceof Uint8Array && value.length <= MAX_BYTES,
  userProperties: isTextMap,
}
const SUBSCRIBE: Readonly<Record<keyof SubscribeProperties, Check>> = {
  subscriptionIdentifier: within(1, MAX_IDENTIFIER),
  userProperties: isTextMap,
}

/** @throws {SocketError} `EINVAL` naming the property. */
export function checkPublishProperties(value: unknown, op: string): PublishProperties {
  const properties = check(value, PUBLISH, op) as PublishProperties
  if (properties.responseTopic !== undefined) checkTopic(properties.responseTopic, op)
  return properties
}

/** @throws {SocketError} `EINVAL` naming the property. */
export function checkSubscribeProperties(value: unknown, op: string): SubscribeProperties {
  return check(value, SUBSCRIBE, op) as SubscribeProperties
}

function check(value: unknown, checks: Readonly<Record<string, Check>>, op: string): object {
  if (typeof value !== 'object' || value === null)
    throw new SocketError('EINVAL', 'properties are an object', { op })
  const given: Record<string, unknown> = {}
  for (const [name, one] of Object.entries(value)) {
    if (one === undefined) continue
    if (!Object.hasOwn(checks, name)) {
      const known = Object.keys(checks).join(', ')
      throw new SocketError('EINVAL', `properties.${name} is unknown: there are ${known}`, { op })
    }
    if (!checks[name]!(one)) throw new SocketError('EINVAL', `properties.${name} has a wrong value`, { op })
    given[name] = one
  }
  return given
}
