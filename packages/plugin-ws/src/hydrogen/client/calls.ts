/**
 * Commands under way: each is sent until it is answered, over as many connections as that takes.
 *
 * Those of the program are numbered in their session, so that the server runs each of them once however often it comes.
 * Those of the client itself (channel `system`) may be run again, and have no number.
 * @module
 */
import type { ResponseEnvelope } from '../envelope/types.ts'
import { fault, type HydrogenClientError, told } from './error.ts'
import { sign } from './sign.ts'

export interface CallOptions {
  /** Milliseconds to wait for the answer, times without a connection included. @default 30000 */
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** The secret to sign with, where the server wants this command signed. */
  readonly sign?: string
  /** A token for this command, where the server wants one in it. */
  readonly token?: string
}

export interface CallTarget {
  readonly channel: string
  readonly action: string
  readonly data?: unknown
}

/** Called when the answer is there, before anything that comes after it is looked at. */
export interface Answered {
  done(data: any): void
  failed(error: HydrogenClientError): void
}

interface Call extends CallTarget {
  readonly id: string
  readonly options: CallOptions
  readonly numbered: boolean
  /** It is of no use on another connection. */
  readonly once: boolean
  /** `NOBODY`: the program waits for it no more. With a number, the server has to have it nevertheless. */
  answered: Answered
  /** 0: it has none, or none yet. */
  cseq: number
  /** On this connection. */
  sent: boolean
  timer: Timer
  /** Until it is asked for again. */
  pause: Timer
}

type Timer = ReturnType<typeof setTimeout> | undefined

const NOBODY: Answered = { done() {}, failed() {} }

const DEFAULT_TIMEOUT = 30_000
/** Commands that are sent without waiting for the answers of those before; servers take 64, unless told otherwise. */
const MAX_RUNNING = 32
/** Milliseconds after which a command that is still being run is asked for again. */
const ASK_AGAIN = 250
/** Beginning of all ids, different for each client. */
const prefix = (): string => crypto.getRandomValues(new Uint32Array(2)).join('-')

/** In UTF-8, where no character takes more than three bytes for each of its UTF-16 units. */
const isLonger = (text: string, maxBytes: number): boolean =>
  text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes

export class Calls {
  readonly #send: (text: string) => void
  readonly #maxQueued: number
  readonly #prefix = prefix()
  /** In the order in which they were made, which is that of their numbers. */
  readonly #calls = new Map<string, Call>()
  #count = 0
  #cseq = 0
  #open = false
  /** Numbered commands that were sent over this connection and are not answered. */
  #running = 0
  /** A signature is being made; what comes after it waits. */
  #signing = false
  /** The greatest number of an answered command. */
  #taken = 0
  /** Bytes of the longest command the server takes. */
  maxBytes = Number.POSITIVE_INFINITY

  constructor(send: (text: string) => void, maxQueued: number) {
    this.#send = send
    this.#maxQueued = maxQueued
  }

  /** A command that waits for a connection where there is none. Returned is what takes it back. */
  add(
    target: CallTarget,
    numbered: boolean,
    options: CallOptions,
    answered: Answered,
  ): (() => void) | undefined {
    if (numbered && this.#calls.size - this.#running >= this.#maxQueued) {
      answered.failed(fault('queue_full', 'Too many commands wait to be sent'))
      return undefined
    }
    const call = this.#newCall(target, numbered, false, options, answered)
    const late = (): void => this.#abandon(call, fault('timed_out', 'No answer in time'))
    call.timer = setTimeout(late, options.timeout ?? DEFAULT_TIMEOUT)
    this.#pump()
    return () => this.#abandon(call)
  }

  /** A command that is sent at once and belongs to this connection only. */
  hello(target: CallTarget, token: string | undefined, answered: Answered): void {
    const call = this.#newCall(target, false, true, token === undefined ? {} : { token }, answered)
    this.#write(call, new Date().toISOString())
  }

  /** The server has this number and those before it. */
  get taken(): number {
    return this.#taken
  }

  /** An answer. False: the server and the client count differently, and the session is of no use any more. */
  answer({ re, ok, data, error }: ResponseEnvelope): boolean {
    const reason = error?.reason
    const call = re === null ? undefined : this.#calls.get(re)
    if (call === undefined) return true
    if (call.numbered && reason === 'cseq_gap') {
      // It was not run: it may be in the next session.
      call.cseq = 0
      return false
    }
    if (call.numbered && reason === 'in_progress') {
      call.pause ??= setTimeout(() => this.#again(call), error?.retryAfter ?? ASK_AGAIN)
      return true
    }
    this.#taken = Math.max(this.#taken, call.cseq)
    if (!ok) this.#fail(call, error ? told(error) : fault('server_error', 'The server gave no reason'))
    else {
      this.#remove(call)
      call.answered.done(data)
    }
    return true
  }

  /**
   * There is a connection, with the session as it was: `seen` is the newest number the server knows. False: it has
   * forgotten answered ones, and would take the next command for one of those.
   */
  resume(seen: number): boolean {
    if (seen < this.#taken) return false
    this.#start()
    return true
  }

  /** There is a connection with a session of its own: whether what was sent before has run, nobody knows. */
  restart(): void {
    this.#cseq = this.#taken = 0
    for (const call of [...this.#calls.values()])
      if (call.cseq > 0) this.#fail(call, fault('session_lost', 'The session ended before the answer came'))
    this.#start()
  }

  /** The connection is gone. */
  stop(): void {
    this.#open = false
    this.#running = 0
    for (const call of [...this.#calls.values()]) {
      if (call.once) this.#calls.delete(call.id)
      call.sent = false
      clearTimeout(call.pause)
      call.pause = undefined
    }
  }

  /** No command will be answered any more. */
  end(error: HydrogenClientError): void {
    this.stop()
    for (const call of [...this.#calls.values()]) this.#fail(call, error)
  }

  #start(): void {
    this.#open = true
    this.#pump()
  }

  #newCall(
    target: CallTarget,
    numbered: boolean,
    once: boolean,
    options: CallOptions,
    answered: Answered,
  ): Call {
    const id = `${this.#prefix}-${++this.#count}`
    const state = { cseq: 0, sent: false, timer: undefined, pause: undefined }
    const call: Call = { ...target, id, options, numbered, once, answered, ...state }
    this.#calls.set(id, call)
    return call
  }

  /** Sends what was not sent over this connection, in its order. */
  #pump(): void {
    if (!this.#open || this.#signing) return
    for (const call of this.#calls.values()) {
      if (call.sent || (call.numbered && this.#running >= MAX_RUNNING)) continue
      if (call.options.sign !== undefined) return this.#signFirst(call, call.options.sign)
      this.#write(call, new Date().toISOString())
    }
  }

  #signFirst(call: Call, secret: string): void {
    const { id, channel, action, data } = call
    const timestamp = new Date().toISOString()
    this.#signing = true
    const next = (): void => {
      this.#signing = false
      this.#pump()
    }
    sign(secret, id, timestamp, channel, action, JSON.stringify(data) ?? '').then(
      signature => {
        if (this.#open && this.#calls.has(id)) this.#write(call, timestamp, signature)
        next()
      },
      error => {
        this.#fail(call, error)
        next()
      },
    )
  }

  #write(call: Call, timestamp: string, signature?: string): void {
    const { id, channel, action, data, numbered, options } = call
    const { token } = options
    const auth = token === undefined && signature === undefined ? undefined : { token, signature }
    const cseq = numbered ? call.cseq || this.#cseq + 1 : undefined
    const text = JSON.stringify({ type: 'command', id, timestamp, channel, action, cseq, auth, data })
    if (isLonger(text, this.maxBytes))
      return this.#fail(call, fault('too_long', 'The command is longer than the server takes'))
    if (cseq !== undefined) {
      call.cseq = cseq
      this.#cseq = Math.max(this.#cseq, cseq)
    }
    call.sent = true
    if (numbered) this.#running++
    this.#send(text)
  }

  #again(call: Call): void {
    call.pause = undefined
    call.sent = false
    this.#running--
    this.#pump()
  }

  #remove(call: Call): void {
    clearTimeout(call.timer)
    clearTimeout(call.pause)
    this.#calls.delete(call.id)
    if (!call.sent || !call.numbered) return
    this.#running--
    if (this.#running === MAX_RUNNING - 1) this.#pump()
  }

  #fail(call: Call, error: HydrogenClientError): void {
    this.#remove(call)
    call.answered.failed(error)
  }

  /** Nobody waits for it any more. */
  #abandon(call: Call, error?: HydrogenClientError): void {
    const { answered, cseq } = call
    clearTimeout(call.timer)
    if (cseq === 0) this.#calls.delete(call.id)
    call.answered = NOBODY
    if (error) answered.failed(error)
  }
}
