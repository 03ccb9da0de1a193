/**
 * The calls on a Hydrogen server.
 * @module
 */
import { optionalJsonText } from '../../owner/json.ts'
import type { HydrogenHandler } from '../options/index.ts'
import type { MetricsSnapshot } from '../server/metrics.ts'
import type { Broadcasted, BroadcastWireOptions, Published, PublishWireOptions, Whom } from '../wire.ts'
import type { HydrogenPage, HydrogenPresence, HydrogenStatusReport } from './answers.ts'
import {
  checkName,
  checkPattern,
  checkPermissions,
  checkTopic,
  checkUsers,
  laneOf,
  present,
  readWhom,
  refuse,
} from './arguments.ts'
import type {
  BroadcastOptions,
  DisconnectOptions,
  HistoryOptions,
  HydrogenEvent,
  PublishOptions,
  RefreshOptions,
} from './call-options.ts'
import { addHandler, addObserver } from './functions.ts'
import { ask, type HydrogenFd, type HydrogenKernel } from './kernel.ts'
import type { DeadLetter, Transition } from './observed.ts'

/**
 * A Hydrogen server: calls on a listener. Wrong arguments throw a SocketError `EINVAL` at once; the promises are the
 * kernel's, so that what fails and nobody awaits goes to `error`.
 */
export class Hydrogen {
  readonly fd: HydrogenFd
  readonly #kernel: HydrogenKernel

  constructor(kernel: HydrogenKernel, fd: HydrogenFd) {
    this.#kernel = kernel
    this.fd = fd
  }

  /** Publishes an event to who is subscribed to the topic; resolves when it is accepted, or as `confirm` says. */
  publish(topic: string, data?: unknown, options: PublishOptions = {}): Promise<Published> {
    checkTopic(topic, 'publish')
    const { channel = null, action = null, signal, lane, to, ...others } = options
    if (channel !== null) checkName('channel', channel, 'publish')
    if (action !== null) checkName('action', action, 'publish')
    checkUsers(to, 'publish')
    const wire = present<PublishWireOptions>({ ...others, to, lane: laneOf(lane, 'publish') })
    const text = optionalJsonText(data, 'publish')
    return ask(this.#kernel, this.fd, ['publish', topic, text, channel, action, wire], signal)
  }

  /** Sends an event to all who are authenticated, or to some users. */
  broadcast(event: HydrogenEvent, options: BroadcastOptions = {}): Promise<Broadcasted> {
    return this.#broadcast(event, options)
  }

  /** Sends an event on one connection. */
  send(fd: number, event: HydrogenEvent, options: Omit<BroadcastOptions, 'to'> = {}): Promise<Broadcasted> {
    return this.#broadcast(event, options, fd)
  }

  #broadcast(
    { channel, action, data }: HydrogenEvent,
    { lane, to, conflate }: BroadcastOptions,
    fd?: number,
  ): Promise<Broadcasted> {
    checkName('channel', channel, 'broadcast')
    checkName('action', action, 'broadcast')
    checkUsers(to, 'broadcast')
    const wire = present<BroadcastWireOptions>({ lane: laneOf(lane, 'broadcast'), to, conflate, fd })
    const text = optionalJsonText(data, 'broadcast')
    return ask(this.#kernel, this.fd, ['broadcast', channel, action, text, wire])
  }

  /** Closes connections; resolves with how many. */
  disconnect(whom: Whom, { code, reason, end = false }: DisconnectOptions = {}): Promise<number> {
    if (code !== undefined && (!Number.isInteger(code) || code < 3000 || code > 4999))
      refuse('disconnect', 'a close code of a program is from 3000 to 4999')
    const wire = ['disconnect', readWhom(whom, 'disconnect'), code ?? null, reason ?? null, end] as const
    return ask(this.#kernel, this.fd, [...wire])
  }

  /**
   * Gives sessions other permissions or another expiry. Subscriptions that are not permitted any more end, and their
   * clients are told. Resolves with the number of sessions.
   */
  refresh(whom: Whom, { permissions, expires }: RefreshOptions): Promise<number> {
    if (permissions === undefined && expires === undefined)
      refuse('refresh', 'say what is to change: permissions or expires')
    checkPermissions(permissions, 'refresh')
    const granted = permissions === undefined ? null : [...permissions]
    return ask(this.#kernel, this.fd, ['refresh', readWhom(whom, 'refresh'), granted, expires ?? null])
  }

  /** Subscribes sessions to a topic or a pattern of them; resolves with the number of sessions. */
  subscribe(whom: Whom, pattern: string): Promise<number> {
    checkPattern(pattern, 'subscribe')
    return ask(this.#kernel, this.fd, ['subscribe', readWhom(whom, 'subscribe'), pattern])
  }

  /** Takes a subscription away; resolves with the number of sessions. */
  unsubscribe(whom: Whom, pattern: string): Promise<number> {
    checkPattern(pattern, 'unsubscribe')
    return ask(this.#kernel, this.fd, ['unsubscribe', readWhom(whom, 'unsubscribe'), pattern])
  }

  /** What is kept of a topic. */
  async history<D = any>(topic: string, options: HistoryOptions = {}): Promise<HydrogenPage<D>> {
    checkTopic(topic, 'history')
    const { from = null, limit = null, reverse = false } = options
    return JSON.parse(await ask<string>(this.#kernel, this.fd, ['history', topic, from, limit, reverse]))
  }

  /** Who is subscribed to a topic. */
  presence(topic: string): Promise<HydrogenPresence> {
    checkTopic(topic, 'presence')
    return ask(this.#kernel, this.fd, ['presence', topic])
  }

  /** How the server is, as the command `status` tells it. */
  status(): Promise<HydrogenStatusReport> {
    return ask(this.#kernel, this.fd, ['status'])
  }

  /** Counters since the server was started. */
  metrics(): Promise<MetricsSnapshot> {
    return ask(this.#kernel, this.fd, ['metrics'])
  }

  /**
   * Runs the commands of a channel, or with `*` those of channels that have no handler, until the undo is called.
   *
   * @throws {SocketError} `EALREADY` where the channel has a handler.
   */
  handle<D = any>(channel: string, handler: HydrogenHandler<D>): () => void {
    return addHandler(this.#kernel, this.fd, channel, handler)
  }

  /** Tells of events that could not be delivered, until the undo is called. */
  onDeadLetter(listener: (letter: DeadLetter) => unknown): () => void {
    return addObserver(this.#kernel, this.fd, 'deadLetter', listener)
  }

  /** Tells of connections that go from one state to another, until the undo is called. */
  onTransition(listener: (transition: Transition) => unknown): () => void {
    return addObserver(this.#kernel, this.fd, 'transition', listener)
  }
}

/** The calls on the Hydrogen server of a listener: of mode 30 or 32, with the subprotocol `hydrogen-protocol`. */
export function hydrogen(kernel: HydrogenKernel, fd: HydrogenFd): Hydrogen {
  return new Hydrogen(kernel, fd)
}
