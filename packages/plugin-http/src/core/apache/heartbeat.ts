/**
 * Tells Apache's mod_heartmonitor that this member is there, and how busy it is.
 * @module
 */
import { createRequire } from 'node:module'
import type { LoadBalance } from './options.ts'

const require = createRequire(import.meta.url)

/** Slots that a member says it has: mod_lbmethod_heartbeat takes those with many that are ready. */
const SLOTS = 100

export class Heartbeat {
  readonly #busy: () => number
  readonly #onError: (error: Error) => void
  #balance: LoadBalance | undefined
  #timer: NodeJS.Timeout | undefined
  #draining = false
  #failing = false

  /** `busy` tells how many requests are not answered; `onError` hears of the first of failures in a row. */
  constructor(busy: () => number, onError: (error: Error) => void) {
    this.#busy = busy
    this.#onError = onError
  }

  /** Beats as the option says from now on; undefined: not at all. */
  set(balance: LoadBalance | undefined): void {
    this.#balance = balance
    clearInterval(this.#timer)
    if (!balance?.heartbeat) return
    this.#timer = setInterval(() => this.#beat(), (balance.heartbeat.interval ?? 1) * 1000)
    this.#timer.unref()
    this.#beat()
  }

  /** Says that nothing is taken any more, and stops. */
  stop(): void {
    if (this.#draining) return
    this.#draining = true
    clearInterval(this.#timer)
    if (this.#balance?.heartbeat) this.#beat()
  }

  #beat(): void {
    const { heartbeat, drain } = this.#balance!
    const busy = Math.min(SLOTS, this.#busy())
    const ready = drain || this.#draining ? 0 : SLOTS - busy
    const body = `v=1&ready=${ready}&busy=${busy}`
    const { request } = require('node:http') as typeof import('node:http')
    const beat = request(heartbeat!.url, {
      method: 'POST',
      agent: false,
      timeout: 5000,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length },
    })
    beat.on('response', response => {
      response.resume()
      this.#outcome(response.statusCode === 200 ? undefined : new Error(`status ${response.statusCode}`))
    })
    beat.on('timeout', () => beat.destroy(new Error('no answer')))
    beat.on('error', error => this.#outcome(error))
    beat.end(body)
  }

  #outcome(error: Error | undefined): void {
    if (error && !this.#failing) this.#onError(error)
    this.#failing = error !== undefined
  }
}
