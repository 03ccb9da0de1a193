/**
 * The router of one listener: its options, and the app that serves what they say. A change never touches the
 * running app; it makes another beside it, and then the two change places.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { isShortSecret } from '@unisock/jwt'
import { type AnyOption, type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import { type HttpResponse, Uploads, uploadRules } from '@unisock/plugin-http/core/worker'
import { Limiters } from '../middleware/worker/limiters.ts'
import { REST_ADD_ROUTE, REST_JWT_SECRET } from '../options.ts'
import { App } from './app.ts'
import { Docs } from './docs.ts'
import type { WireRoute } from './endpoint.ts'
import {
  changed,
  defaultsOf,
  documentOf,
  endpointsOf,
  functionsIn,
  functionsOf,
  initialState,
  ROUTER_OPTIONS,
  type RouterState,
  reportsRefusals,
  unroutedOf,
} from './state.ts'

interface Change {
  readonly option: number
  readonly value: any
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Router {
  readonly #socket: PluginSocket
  readonly #uploads: Uploads
  readonly #limiters: Limiters
  #state: RouterState | undefined
  #app: App | undefined
  #docs: Docs | undefined
  #changes: Change[] = []
  #settled: Promise<void> | undefined
  /** Apps that were replaced while bodies of their requests were still arriving. */
  readonly #leaving = new Set<App>()
  #warnedOfSecret = false

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#uploads = new Uploads(socket)
    this.#limiters = new Limiters(socket)
    // After a restart the options are there before the driver is.
    for (const option of ROUTER_OPTIONS)
      if (option !== REST_ADD_ROUTE) this.#restore(option, socket.option(option as AnyOption))
    for (const route of socket.options(REST_ADD_ROUTE)) this.#restore(REST_ADD_ROUTE, route)
    this.#schedule()
  }

  static isOption(option: number): boolean {
    return ROUTER_OPTIONS.includes(option)
  }

  /** Resolves when requests are served by the new value; what is set in one turn is applied together. */
  set(option: number, value: unknown): Promise<void> {
    const applied = new Promise<void>((resolve, reject) =>
      this.#changes.push({ option, value, resolve, reject }),
    )
    this.#schedule()
    return applied
  }

  /**
   * Resolves when everything that was set is served, or refused.
   * @throws {SocketError} `EPLUGIN` when not even an empty router could be built.
   */
  async settled(): Promise<void> {
    while (this.#settled) await this.#settled
    if (!this.#app)
      throw new SocketError('EPLUGIN', 'the router could not be built: see the error before this one')
  }

  readonly handle = (request: IncomingMessage, response: HttpResponse): void => {
    if (this.#docs?.owns(request.url!)) this.#docs.handle(request, response)
    else this.#app!.handle(request, response)
  }

  /** Says which routes can let nobody in. */
  warnOfShutRoutes(): void {
    if (this.#state?.verify) return
    const shut = this.#app!.endpoints.filter(({ gate, takesPasswords }) => gate && !takesPasswords)
    for (const { method, pattern } of shut)
      this.#socket.log(
        'warn',
        `${method} ${pattern} asks for a token, but REST_JWT_SECRET is not set: nobody gets in`,
      )
  }

  inspect(): unknown {
    const limits = this.#limiters.inspect()
    return {
      routes: this.#app?.endpoints.map(({ method, pattern }) => `${method} ${pattern}`) ?? [],
      ...(limits.length > 0 && { limits }),
    }
  }

  #restore(option: number, value: unknown): void {
    if (value === undefined) return
    const reject = (error: Error) => this.#socket.error(error)
    this.#changes.push({ option, value, resolve: () => {}, reject })
  }

  #schedule(): void {
    this.#settled ??= new Promise<void>(resolve => setImmediate(resolve))
      .then(() => this.#apply())
      .finally(() => {
        this.#settled = undefined
        if (this.#changes.length > 0) this.#schedule()
      })
  }

  async #apply(): Promise<void> {
    const changes = this.#changes.splice(0)
    changes.sort((a, b) => ROUTER_OPTIONS.indexOf(a.option) - ROUTER_OPTIONS.indexOf(b.option))
    const applied: Change[] = []
    try {
      this.#state ??= await initialState()
      let state = this.#state
      const functions = functionsOf(state)
      for (const change of changes) {
        const { option, value } = change
        try {
          state = await changed(state, option, value)
          if (option === REST_ADD_ROUTE) await this.#prepareUploads(value)
          for (const id of functionsIn(option, value)) functions.add(id)
          if (option === REST_JWT_SECRET) this.#warnOfSecret(value)
          applied.push(change)
        } catch (error) {
          change.reject(
            new SocketError('EINVAL', (error as Error).message, { op: 'setOption', cause: error }),
          )
        }
      }
      await this.#serve(state, functions)
      for (const { resolve } of applied) resolve()
    } catch (error) {
      for (const { reject } of applied) reject(error as Error)
      if (applied.length === 0) this.#socket.error(error as Error)
    }
  }

  /** A folder that cannot be written to is the route's fault. */
  async #prepareUploads({ upload }: WireRoute): Promise<void> {
    const rules = uploadRules(upload)
    if (rules) await this.#uploads.prepare(rules)
  }

  #warnOfSecret(value: Parameters<typeof isShortSecret>[0]): void {
    if (this.#warnedOfSecret || !isShortSecret(value)) return
    this.#warnedOfSecret = true
    this.#socket.log(
      'warn',
      'REST_JWT_SECRET is shorter than the 32 bytes that RFC 7518 section 3.2 asks of HS256',
    )
  }

  /** Swaps in an app for the state, then lets go of the functions that the apps before it named. */
  async #serve(state: RouterState, functions: Set<number>): Promise<void> {
    const { fastify } = await import('fastify')
    const before = this.#app
    const defaults = defaultsOf(state, this.#limiters)
    this.#app = await App.build({
      fastify,
      endpoints: endpointsOf(state, defaults),
      unrouted: unroutedOf(state, defaults),
      reportsRefusals: reportsRefusals(state),
      onError: error => this.#socket.error(error),
    })
    this.#docs =
      state.docsPath === undefined ? undefined : new Docs(state.docsPath, documentOf(state), this.#socket)
    this.#state = state
    this.#limiters.sweep()
    if (before) this.#leave(before)
    this.#retire(functions)
  }

  #leave(app: App): void {
    this.#leaving.add(app)
    void app.idle().then(() => this.#leaving.delete(app))
  }

  #retire(functions: Set<number>): void {
    for (const id of functionsOf(this.#state!)) functions.delete(id)
    if (functions.size === 0) return
    void Promise.all([...this.#leaving].map(app => app.idle())).then(() =>
      this.#socket.retire([...functions]),
    )
  }
}
