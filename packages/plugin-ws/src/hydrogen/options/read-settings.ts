/**
 * From the options of a listener to what its server goes by.
 * @module
 */
import type { Connection, FunctionRef } from '@unisock/kernel/plugin'
import { DEFAULT_CONFIG, type HydrogenConfig, type HydrogenConfigFile } from '../config/index.ts'
import { DEFAULT_DELIVERY, type DeliveryOptions } from '../delivery/options.ts'
import { DEFAULT_ENVELOPE_LIMITS } from '../envelope/limits.ts'
import { DEFAULT_LANES, type LaneOptions } from '../lanes/options.ts'
import type { HydrogenFunctions, HydrogenLimits, HydrogenSettings } from '../settings.ts'
import { actionRules } from './action-rules.ts'
import { HYDROGEN_ACTIONS, HYDROGEN_VERIFY } from './auth.ts'
import { HYDROGEN_CONFIG } from './config.ts'
import { type DeliveryLimits, HYDROGEN_LIMITS, type LaneLimits } from './limits.ts'
import { HYDROGEN_HANDLERS, HYDROGEN_OBSERVERS, HYDROGEN_SESSION, HYDROGEN_STATUS } from './server.ts'
import { topicRules } from './topic-rules.ts'
import { HYDROGEN_TOPICS } from './topics.ts'

/** Milliseconds of so many seconds. */
const MS = 1000

/** What of a socket is read. */
export type OptionReader = Pick<Connection, 'option'>

/** Reads all of them; what is set later shows in a later reading. */
export function readSettings(socket: OptionReader): HydrogenSettings {
  const config = configOf(socket)
  const { ttl = 120, save = 250 } = socket.option(HYDROGEN_SESSION)
  return {
    enabled: config.Enabled,
    authRequired: socket.option(HYDROGEN_VERIFY)?.required ?? config.AuthRequired,
    idleTimeout: config.IdleTimeout * MS,
    limits: limitsOf(socket),
    session: { ttl: ttl * MS, save },
    status: statusOf(socket),
    functions: functionsOf(socket),
    topic: topicRules(socket.option(HYDROGEN_TOPICS)),
    action: actionRules(socket.option(HYDROGEN_ACTIONS)),
  }
}

/** In the worker it is the mapping, and whole. */
function configOf(socket: OptionReader): HydrogenConfig {
  const file = socket.option(HYDROGEN_CONFIG) as HydrogenConfigFile | undefined
  return (file?.WebSocketServer as HydrogenConfig | undefined) ?? DEFAULT_CONFIG
}

function limitsOf(socket: OptionReader): HydrogenLimits {
  const {
    message = {},
    subscriptions = 1000,
    commands = 64,
    errors = 10,
    authTimeout = 10,
    commandTimeout = 30,
    highWater = 65_536,
    lanes = {},
    delivery = {},
  } = socket.option(HYDROGEN_LIMITS)
  const { bytes, depth, keys } = message
  const [control, high, normal, bulk] = DEFAULT_LANES
  const set = [
    laneOf(control, lanes.control),
    laneOf(high, lanes.high),
    laneOf(normal, lanes.normal),
    laneOf(bulk, lanes.bulk),
  ] as const
  return {
    envelope: {
      ...DEFAULT_ENVELOPE_LIMITS,
      ...(bytes !== undefined && { maxBytes: bytes }),
      ...(depth !== undefined && { maxDepth: depth }),
      ...(keys !== undefined && { maxKeys: keys }),
    },
    subscriptions,
    commands,
    errors,
    authTimeout: authTimeout * MS,
    commandTimeout: commandTimeout * MS,
    highWater,
    lanes: set,
    delivery: {
      ...deliveryOf(delivery),
      pendingBytes: [set[0].maxBytes, set[1].maxBytes, set[2].maxBytes, set[3].maxBytes],
    },
  }
}

function laneOf(usual: LaneOptions, { bytes, overflow, weight }: LaneLimits = {}): LaneOptions {
  return {
    maxBytes: bytes ?? usual.maxBytes,
    overflow: overflow ?? usual.overflow,
    weight: weight ?? usual.weight,
  }
}

function deliveryOf(limits: DeliveryLimits): Omit<DeliveryOptions, 'pendingBytes'> {
  const { ackWait, minAckWait, maxAckWait, backoff } = limits
  const ms = (seconds: number | undefined, usual: number): number =>
    seconds === undefined ? usual : seconds * MS
  return {
    window: limits.window ?? DEFAULT_DELIVERY.window,
    windowBytes: limits.windowBytes ?? DEFAULT_DELIVERY.windowBytes,
    ackWait: ms(ackWait, DEFAULT_DELIVERY.ackWait),
    minAckWait: ms(minAckWait, DEFAULT_DELIVERY.minAckWait),
    maxAckWait: ms(maxAckWait, DEFAULT_DELIVERY.maxAckWait),
    backoff: backoff?.map(seconds => seconds * MS) ?? DEFAULT_DELIVERY.backoff,
    jitter: limits.jitter ?? DEFAULT_DELIVERY.jitter,
    maxDeliver: limits.maxDeliver ?? DEFAULT_DELIVERY.maxDeliver,
  }
}

function statusOf(socket: OptionReader): HydrogenSettings['status'] {
  const status = socket.option(HYDROGEN_STATUS)
  if (status === false) return undefined
  const { interval = 10, topic = 'system' } = status
  return { interval: interval * MS, topic }
}

function functionsOf(socket: OptionReader): HydrogenFunctions {
  const handlers = new Map<string, number>()
  for (const [channel, handler] of Object.entries(socket.option(HYDROGEN_HANDLERS)))
    handlers.set(channel, numberOf(handler)!)
  const { deadLetter, transition } = socket.option(HYDROGEN_OBSERVERS)
  return { handlers, deadLetter: numberOf(deadLetter), transition: numberOf(transition) }
}

/** In the worker a function of the program is a reference to it. */
function numberOf(value: unknown): number | undefined {
  return (value as FunctionRef | undefined)?.$function
}
