/**
 * Which pages of other origins may call: the Fetch standard, section 3.2 (the CORS protocol).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpResponse } from '@unisock/plugin-http/core/worker'
import { sendWorkerAnswer } from '@unisock/plugin-http/core/worker'
import { compileOrigins, isEverywhere, type Origins } from '../origins.ts'
import type { CorsConfig } from '../types.ts'

/** RFC 9110 section 5.6.2, several of them with commas between. */
const TOKENS = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*$/

export class Cors {
  readonly #allows: Origins
  /** Every page may call: then the answer is the same for all, and caches need not tell them apart. */
  readonly #any: boolean
  readonly #config: CorsConfig
  readonly #exposed: string | undefined
  readonly #methods: string | undefined
  readonly #headers: string | undefined

  constructor(config: CorsConfig) {
    this.#config = config
    this.#allows = compileOrigins(config.origins)
    this.#any = isEverywhere(config.origins)
    this.#exposed = config.exposed?.join(', ')
    this.#methods = config.methods?.join(', ')
    this.#headers = config.headers?.join(', ')
  }

  /** Puts on the response, whatever it will be, who may read it. */
  mark({ headers: { origin } }: IncomingMessage, response: HttpResponse): void {
    if (!this.#allow(origin, response)) return
    if (this.#exposed) response.add('Access-Control-Expose-Headers', this.#exposed)
  }

  /** Answers a preflight. `methods`: those that the path has; where it has none, the page is to learn of the 404. */
  preflight(request: IncomingMessage, response: HttpResponse, methods: string): void {
    const { headers } = request
    const fields: string[] = []
    if (this.#allow(headers.origin, response)) {
      const allowed = this.#methods ?? (methods || asTokens(headers['access-control-request-method']))
      if (allowed) fields.push('Access-Control-Allow-Methods', allowed)
      const asked = this.#headers ?? asTokens(headers['access-control-request-headers'])
      if (asked) fields.push('Access-Control-Allow-Headers', asked)
      const { maxAge } = this.#config
      if (maxAge !== undefined) fields.push('Access-Control-Max-Age', String(maxAge))
    }
    response.add('Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers')
    sendWorkerAnswer(response, 204, fields, '')
  }

  #allow(origin: string | undefined, response: HttpResponse): boolean {
    if (this.#any) {
      response.add('Access-Control-Allow-Origin', '*')
      return true
    }
    response.add('Vary', 'Origin')
    if (origin === undefined || !this.#allows(origin)) return false
    response.add('Access-Control-Allow-Origin', origin)
    if (this.#config.credentials) response.add('Access-Control-Allow-Credentials', 'true')
    return true
  }
}

/** Whether a request is a browser's question before another one. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

function asTokens(text: string | undefined): string | undefined {
  return text !== undefined && TOKENS.test(text) ? text : undefined
}
