/**
 * Swagger UI and the OpenAPI document, served by a fastify instance of their own: the router's is rebuilt
 * without them, and nobody pays for them before the first visit.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { PluginSocket } from '@unisock/kernel/plugin'
import { createServer, type HttpResponse, presetDefaults } from '@unisock/plugin-http/core/worker'
import type { FastifyInstance } from 'fastify'
import { buildDocument, type DocumentParts } from '../openapi/document.ts'
import { NO_SCHEMAS } from './app.ts'
import { answerProblem } from './problems.ts'

export class Docs {
  readonly #path: string
  readonly #parts: DocumentParts
  readonly #socket: PluginSocket
  #app: Promise<FastifyInstance> | undefined

  constructor(path: string, parts: DocumentParts, socket: PluginSocket) {
    this.#path = path
    this.#parts = parts
    this.#socket = socket
  }

  /** Whether a request's target is the documentation's path or below it. */
  owns(uri: string): boolean {
    if (!uri.startsWith(this.#path)) return false
    const next = uri.charCodeAt(this.#path.length)
    return Number.isNaN(next) || next === 0x2f || next === 0x3f
  }

  handle(request: IncomingMessage, response: HttpResponse): void {
    this.#app ??= this.#build()
    this.#app.then(
      app => {
        presetDefaults(response)
        app.routing(request, response)
      },
      error => {
        this.#socket.error(error)
        answerProblem(request, response, 500)
      },
    )
  }

  async #build(): Promise<FastifyInstance> {
    const [{ fastify }, { default: swagger }, { default: swaggerUi }] = await Promise.all([
      import('fastify'),
      import('@fastify/swagger'),
      import('@fastify/swagger-ui'),
    ])
    const document = buildDocument(this.#parts)
    const app = fastify({
      logger: false,
      schemaController: NO_SCHEMAS,
      serverFactory: handler => createServer(handler),
    })
    app.setNotFoundHandler((request, reply) => {
      reply.hijack()
      answerProblem(request.raw, reply.raw as HttpResponse, 404)
    })
    await app.register(swagger, { mode: 'static', specification: { document: document as any } })
    await app.register(swaggerUi, {
      routePrefix: this.#path,
      staticCSP: contentSecurityPolicy(this.#parts),
      // Without it the page shows a badge from another site.
      uiConfig: { validatorUrl: null, deepLinking: true, layout: 'BaseLayout' } as any,
      theme: { title: this.#parts.info?.title ?? 'API' },
    })
    await app.ready()
    return app
  }
}

/** Everything from here, but calls to wherever the document says the API is. */
function contentSecurityPolicy({ info }: DocumentParts): string {
  const origins = (info?.servers ?? []).flatMap(({ url }) => (URL.canParse(url) ? [new URL(url).origin] : []))
  return [
    "default-src 'none'",
    "script-src 'self'",
    // Swagger UI sets styles on elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${["'self'", ...new Set(origins)].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ')
}
