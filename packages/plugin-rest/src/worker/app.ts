/**
 * One fastify instance with one set of routes. It never listens: requests are handed to it.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { createServer, type HttpResponse, hasBody } from '@unisock/plugin-http/core/worker'
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
} from 'fastify'
import { isPreflight } from '../middleware/worker/cors.ts'
import { dress } from '../middleware/worker/dress.ts'
import { countIn } from '../middleware/worker/limits.ts'
import { answerPreflight } from '../middleware/worker/preflight.ts'
import type { RateLimiter } from '../middleware/worker/rate-limiter.ts'
import { ArrivingBody } from './arriving-body.ts'
import { BodyReader } from './body.ts'
import type { Endpoint } from './endpoint.ts'
import { enter } from './entrance.ts'
import { Handover } from './handover.ts'
import { type Place, placesOf, type RouterParams } from './place.ts'
import { answerProblem } from './problems.ts'
import { secondChoice } from './second-choice.ts'
import { answerUnrouted, otherMethods, type Unrouted } from './unrouted.ts'
import { Visit } from './visit.ts'

/** Routes are validated by their endpoints: fastify need not load compilers of its own. */
export const NO_SCHEMAS: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: () => () => (() => true) as any, buildSerializer: () => () => String },
}

type Fastify = typeof import('fastify').fastify
type Request = FastifyRequest & { visit: Visit | null }
type Done = (error: Error | null, body?: unknown) => void

/**
 * Longer path parameters are refused with 414: nothing sensible is that long, and expressions run on them.
 */
const MAX_PARAM_LENGTH = 1024

export interface AppOptions {
  readonly fastify: Fastify
  readonly endpoints: readonly Endpoint[]
  /** What becomes of requests that no route takes. */
  readonly unrouted: Unrouted
  /** Whether the program answers for what is refused. */
  readonly reportsRefusals: boolean
  /** Something went wrong that is nobody's request's fault. */
  readonly onError: (error: Error) => void
}

export class App {
  readonly endpoints: readonly Endpoint[]
  readonly #places: readonly Place[]
  readonly #fastify: FastifyInstance
  readonly #handover: Handover
  readonly #unrouted: Unrouted
  readonly #reportsRefusals: boolean
  /** Pages of other origins may call something. */
  readonly #hasCors: boolean
  readonly #onError: (error: Error) => void
  /** Requests whose body is on its way: all others are through before the next one comes. */
  #arriving = 0
  #idle: PromiseWithResolvers<void> | undefined
  readonly #arrived = (): void => {
    if (--this.#arriving === 0) this.#idle?.resolve()
  }

  private constructor({ fastify, endpoints, unrouted, reportsRefusals, onError }: AppOptions) {
    this.endpoints = endpoints
    this.#places = placesOf(endpoints)
    this.#unrouted = unrouted
    this.#reportsRefusals = reportsRefusals
    this.#hasCors = unrouted.guard?.cors !== undefined || endpoints.some(({ guard }) => guard?.cors)
    this.#onError = onError
    this.#fastify = fastify({
      logger: false,
      schemaController: NO_SCHEMAS,
      exposeHeadRoutes: false,
      serverFactory: handler => createServer(handler),
      // What parses the query knows whether anybody wants it.
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH, querystringParser: (query: string) => query as any },
      frameworkErrors: (error, request, reply) => this.#fail(error, request, reply),
    })
    this.#handover = new Handover(new BodyReader(this.#fastify.getDefaultJsonParser('error', 'error')))
    this.#setUp()
  }

  /** @throws {Error} when fastify refuses the routes. */
  static async build(options: AppOptions): Promise<App> {
    const app = new App(options)
    await app.#fastify.ready()
    return app
  }

  /** Takes a request. */
  handle(request: IncomingMessage, response: HttpResponse): void {
    if (this.#reportsRefusals)
      response.refusing = refusal => this.#handover.sendRefused(request, response, refusal)
    if (this.#hasCors && isPreflight(request)) {
      const { guard } = this.#unrouted
      if (answerPreflight({ places: this.#places, endpoints: this.endpoints, guard }, request, response))
        return
    }
    this.#fastify.routing(request, response)
  }

  /** Resolves once no request will be handed on any more, given that none comes in from now on. */
  idle(): Promise<void> {
    if (this.#arriving === 0) return Promise.resolve()
    this.#idle ??= Promise.withResolvers<void>()
    return this.#idle.promise
  }

  #setUp(): void {
    const app = this.#fastify
    app.decorateRequest('visit', null)
    app.removeAllContentTypeParsers()
    const parse = (request: FastifyRequest, _payload: unknown, done: Done) =>
      this.#read(request as Request, done)
    // A media type of its own is found faster than the one for all.
    app.addContentTypeParser('application/json', parse as any)
    app.addContentTypeParser('*', parse as any)
    app.setNotFoundHandler((request, reply) => this.#noRoute(request, reply))
    app.setErrorHandler((error: FastifyError, request, reply) => this.#fail(error, request, reply))
    for (const place of this.#places) this.#add(place)
  }

  #add(place: Place): void {
    this.#fastify.route({
      method: [...place.methods],
      url: place.path,
      onRequest: (request, reply, done) => this.#enter(place, request as Request, reply, done),
      handler: request => this.#handover.send((request as Request).visit!),
    })
  }

  /** Everything that can be said of a request before its body has come. */
  #enter(place: Place, request: Request, reply: FastifyReply, done: () => void): void {
    const response = reply.raw as HttpResponse
    let params = request.params as RouterParams
    let endpoint = place.choose(params)
    if (!endpoint) {
      const choice = secondChoice(this.#places, request.raw)
      if (!choice) {
        this.#noRoute(request, reply)
        return
      }
      ;({ endpoint, params } = choice)
    }
    const visit = new Visit(endpoint, params, request.raw, response)
    if (this.#reportsRefusals)
      response.refusing = refusal => this.#handover.sendRefused(request.raw, response, refusal, visit)
    this.#whenIn(enter(visit), () => {
      request.visit = visit
      done()
    })
  }

  /** Goes on with a request that was let in, at once where nothing had to be waited for. */
  #whenIn(entered: boolean | Promise<boolean>, next: () => void): void {
    if (typeof entered === 'boolean') {
      if (entered) next()
      return
    }
    this.#arriving++
    entered
      .then(isIn => {
        if (isIn) next()
      })
      .catch(error => this.#onError(error))
      .finally(this.#arrived)
  }

  #read({ visit }: Request, done: Done): void {
    if (!visit || visit.endpoint.stream || visit.upload?.streamed || !hasBody(visit.request)) {
      done(null)
      return
    }
    this.#arriving++
    new ArrivingBody(visit, done, this.#arrived).read()
  }

  #noRoute({ raw: request }: FastifyRequest, reply: FastifyReply): void {
    const response = reply.raw as HttpResponse
    const { guard } = this.#unrouted
    if (guard) dress(guard, request, response)
    const limits = guard ? [...guard.limits, ...guard.userLimits] : NO_LIMITS
    this.#whenIn(countIn(limits, request, response), () => {
      if (this.#unrouted.pass)
        this.#handover.sendUnrouted(request, response, this.#unrouted, otherMethods(this.endpoints, request))
      else answerUnrouted(this.endpoints, request, response)
    })
  }

  #fail(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    const { guard } = this.#unrouted
    if (guard && !(request as Request).visit) dress(guard, request.raw, reply.raw as HttpResponse)
    const status = error.statusCode ?? 500
    if (status >= 500) this.#onError(error)
    answerProblem(request.raw, reply.raw as HttpResponse, status, {
      detail: DETAILS[error.code] ?? (status < 500 ? error.message : undefined),
    })
  }
}

const NO_LIMITS: readonly RateLimiter[] = []

const DETAILS: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The path is not valid percent-encoded UTF-8.',
  FST_ERR_MAX_PARAM_LENGTH: `A path parameter is longer than ${MAX_PARAM_LENGTH} characters.`,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The Content-Type is not a media type.',
}
