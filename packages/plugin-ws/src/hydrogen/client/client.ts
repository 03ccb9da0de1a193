/**
 * The client: one connection at a time, and a session over all of them.
 * @module
 */
import { mayReconnect } from '../close-codes.ts'
import type { Envelope } from '../envelope/types.ts'
import type {
  ClientEvents,
  ClientState,
  ConnectOptions,
  HistoryOptions,
  HydrogenClient,
  Identity,
  SessionInfo,
} from './api.ts'
import { Backoff } from './backoff.ts'
import { type CallOptions, Calls, type CallTarget } from './calls.ts'
import { Emitter, report } from './emitter.ts'
import { fault, type HydrogenClientError, told } from './error.ts'
import { Feed } from './feed.ts'
import { INSUFFICIENT_STATE, Link, NO_ANSWER, NOT_UNDERSTOOD } from './link.ts'
import type { TopicPosition } from './positions.ts'
import {
  type ConnectAnswer,
  credentials,
  isGone,
  type ResumeAnswer,
  sessionInfo,
  topicsFor,
} from './session.ts'
import type { WebSocketConstructor } from './socket.ts'
import type { ActiveSubscription, EventHandler, SubscribeOptions } from './subscription.ts'

const SUBPROTOCOL = 'hydrogen-protocol'
const NORMAL = 1000
const MAX_BYTES = 65_536

const system = (action: string, data?: unknown): CallTarget => ({ channel: 'system', action, data })

export class Client implements HydrogenClient {
  readonly #url: string
  readonly #options: ConnectOptions
  readonly #events = new Emitter<ClientEvents>()
  readonly #calls: Calls
  readonly #feed: Feed
  readonly #backoff: Backoff
  readonly #ready = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<void>()
  #state: ClientState = 'connecting'
  #session: SessionInfo | undefined
  /** What resumes the session. */
  #token: string | undefined
  #maxBytes = MAX_BYTES
  #link: Link | undefined
  /** When the session of this connection stood. */
  #since = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #closing = false
  /** Why the last session was not to be had again. */
  #gone: string | undefined
  /** Why there will be no session. */
  #refusal: HydrogenClientError | undefined

  constructor(url: string, options: ConnectOptions) {
    const { reconnect, queue = 256 } = options
    this.#url = url
    this.#options = options
    this.#backoff = new Backoff(reconnect || {})
    this.#calls = new Calls(text => this.#link?.send(text), queue)
    this.#feed = new Feed({
      ack: ack => {
        if (this.#state === 'connected') this.#link?.send(JSON.stringify({ type: 'ack', ...ack }))
      },
      call: (once, action, data, answered) => {
        if (once) this.#calls.hello(system(action, data), undefined, answered)
        else this.#calls.add(system(action, data), false, {}, answered)
      },
      gap: missed => void this.#events.emit('gap', missed),
      event: event => void this.#events.emit('event', event),
      error: error => this.#report(error),
      tokenExpires: () => {
        if (typeof options.token === 'function') this.refresh().catch(error => this.#report(error))
      },
    })
    this.#ready.promise.catch(() => {})
    void this.#open()
  }

  get state(): ClientState {
    return this.#state
  }

  get session(): SessionInfo | undefined {
    return this.#session
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  on<K extends keyof ClientEvents>(name: K, listener: (value: ClientEvents[K]) => void): () => void {
    return this.#events.on(name, listener)
  }

  command(channel: string, action: string, data?: unknown, options: CallOptions = {}): Promise<any> {
    return this.#call({ channel, action, data }, true, options)
  }

  subscribe(
    topic: string,
    options: SubscribeOptions | EventHandler<any> = {},
    handler?: EventHandler<any>,
  ): Promise<ActiveSubscription> {
    if (typeof options === 'function') return this.subscribe(topic, {}, options)
    if (this.#state === 'closed') return Promise.reject(closed())
    return this.#feed.subscribe(topic, options, handler)
  }

  history(topic: string, options?: HistoryOptions): Promise<any> {
    return this.#call(system('history', { topic, ...options }))
  }

  presence(topic: string): Promise<any> {
    return this.#call(system('presence', { topic, users: true }))
  }

  status(): Promise<any> {
    return this.#call(system('status'))
  }

  async ping(): Promise<number> {
    const begun = performance.now()
    await this.#call(system('ping'))
    return performance.now() - begun
  }

  async refresh(token?: string): Promise<Identity> {
    const shown = token ?? (await this.#showToken())
    const options = shown === undefined ? {} : { token: shown }
    const { revoked = [], ...identity } = await this.#call(system('refresh'), false, options)
    this.#feed.revoke(revoked)
    return identity
  }

  position(topic: string): TopicPosition | undefined {
    return this.#feed.positions.get(topic)
  }

  close(code: number = NORMAL, reason = ''): Promise<void> {
    if (this.#closing || this.#state === 'closed') return this.#over.promise
    this.#closing = true
    this.#feed.deliveries.flush()
    if (this.#link) this.#link.close(code, reason)
    else this.#end(code, reason)
    return this.#over.promise
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #call(target: CallTarget, numbered = false, options: CallOptions = {}): Promise<any> {
    const { signal } = options
    signal?.throwIfAborted()
    if (this.#closing || this.#state === 'closed') throw closed()
    const { promise, resolve, reject } = Promise.withResolvers<any>()
    const takeBack = this.#calls.add(target, numbered, options, { done: resolve, failed: reject })
    if (!signal) return promise
    const abort = (): void => {
      takeBack?.()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort)
    return promise.finally(() => signal.removeEventListener('abort', abort))
  }

  async #showToken(): Promise<string | undefined> {
    const { token } = this.#options
    return typeof token === 'function' ? token() : token
  }

  async #open(): Promise<void> {
    this.#setState('connecting')
    const { key, protocols = [], heartbeat = {} } = this.#options
    const Socket = this.#options.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor)
    try {
      const shown = credentials(key, await this.#showToken())
      if (this.#closing) return
      const offered = [SUBPROTOCOL, ...protocols, ...shown.protocols]
      const link: Link = new Link(Socket, this.#url, offered, heartbeat, {
        opened: () => this.#hello(link, shown.token),
        message: text => this.#onMessage(link, text),
        quiet: () => this.#calls.hello(system('ping'), undefined, { done() {}, failed() {} }),
        lost: (code, reason) => this.#onLost(code, link.problem || reason),
      })
      this.#link = link
    } catch (error) {
      // A URL that is none will not become one; a token may be had another time.
      if ((error as Error).name === 'SyntaxError') this.#end(NORMAL, '', error as Error)
      else this.#onLost(NO_ANSWER, String(error))
    }
  }

  /** Asks for the session: the one there was, or a new one. */
  #hello(link: Link, shown: string | undefined): void {
    const token = this.#token
    if (token === undefined || this.#options.resume === false)
      return this.#calls.hello(system('connect'), shown, {
        done: answer => this.#onSession(link, answer),
        failed: error => this.#onRefused(link, error),
      })
    const feed = this.#feed
    const topics = topicsFor(feed.positions, topic => feed.isPartial(topic), this.#maxBytes)
    this.#calls.hello(
      system('resume', { token, topics, received: feed.deliveries.received, cseq: this.#calls.taken }),
      shown,
      {
        done: answer => this.#onSession(link, answer, answer),
        failed: error => {
          if (!isGone(error.reason)) return this.#onRefused(link, error)
          this.#token = undefined
          this.#gone = error.reason
          this.#hello(link, shown)
        },
      },
    )
  }

  #onSession(link: Link, answer: ConnectAnswer, resumed?: ResumeAnswer): void {
    const gone = this.#session && !resumed ? (this.#gone ?? 'not_resumed') : undefined
    const { token, limits } = answer
    this.#session = sessionInfo(answer, resumed !== undefined, gone)
    this.#gone = undefined
    this.#token = token
    this.#maxBytes = this.#calls.maxBytes = limits?.maxBytes ?? MAX_BYTES
    this.#since = performance.now()
    link.watch()
    this.#setState('connected')
    if (resumed) this.#feed.resume(resumed)
    else this.#feed.restart()
    this.#events.emit('session', this.#session)
    this.#ready.resolve()
    if (!resumed) this.#calls.restart()
    else if (!this.#calls.resume(resumed.cseq)) this.#abandon(link)
  }

  #onRefused(link: Link, error: HydrogenClientError): void {
    const mayRetry =
      error.retryable || (error.reason === 'token_expired' && typeof this.#options.token === 'function')
    if (mayRetry) return link.drop(NO_ANSWER, error.message)
    this.#refusal = error
    link.drop(NORMAL, '')
  }

  #onMessage(link: Link, text: string): void {
    let message: Envelope
    try {
      message = JSON.parse(text)
    } catch {
      return link.drop(NOT_UNDERSTOOD, 'not JSON')
    }
    if (message.type === 'event') {
      if (!this.#feed.event(message)) link.drop(INSUFFICIENT_STATE, 'insufficient state')
    } else if (message.type === 'response') {
      if (message.re === null && message.error) this.#report(told(message.error))
      if (!this.#calls.answer(message)) this.#abandon(link)
    }
  }

  /** The session cannot go on: there is to be another one. */
  #abandon(link: Link): void {
    this.#token = undefined
    this.#gone = 'cseq_gap'
    link.drop(INSUFFICIENT_STATE, 'commands are missing')
  }

  #onLost(code: number, reason: string): void {
    this.#link = undefined
    this.#calls.stop()
    if (this.#state === 'connected') this.#backoff.stood(performance.now() - this.#since)
    if (this.#closing) return this.#end(code, reason)
    const error = this.#refusal ?? fault('lost', reason || `Closed with ${code}`, { code, reason })
    const mayReturn = this.#options.reconnect !== false && mayReconnect(code)
    const wait = mayReturn ? this.#backoff.next() : undefined
    if (wait === undefined) return this.#end(code, reason, error)
    this.#timer = setTimeout(() => void this.#open(), wait)
    this.#setState('waiting')
    this.#report(error)
  }

  #end(code: number, reason: string, error?: Error): void {
    if (this.#state === 'closed') return
    clearTimeout(this.#timer)
    this.#setState('closed')
    this.#ready.reject(error ?? closed())
    this.#calls.end(closed(error))
    this.#feed.end(error)
    if (error) this.#events.emit('error', error)
    this.#events.emit('close', { code, reason, ...(error && { error }) })
    this.#over.resolve()
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return
    this.#state = state
    this.#events.emit('state', state)
  }

  /** What the program threw and does not listen for is not kept from it. */
  #report(error: unknown): void {
    const heard = this.#events.emit('error', error as Error)
    if (!heard && !(error instanceof Error && 'category' in error)) report(error)
  }
}

const closed = (cause?: Error): HydrogenClientError =>
  fault('closed', cause ? `The client is closed: ${cause.message}` : 'The client is closed', cause)
