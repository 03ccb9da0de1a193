/**
 * A body on its way in, up to the route's limit.
 * @module
 */
import { BodyCollector, connectionOf } from '@unisock/plugin-http/core/worker'
import type { Visit } from './visit.ts'

export class ArrivingBody {
  readonly #visit: Visit
  readonly #done: (error: null) => void

  constructor(visit: Visit, done: (error: null) => void) {
    this.#visit = visit
    this.#done = done
  }

  /** Calls `done` with all of it; a body over the limit is answered with 413 and never done. */
  read(): void {
    const { request, response, endpoint } = this.#visit
    const limit = connectionOf(request.socket)?.listener.settings.maxBodySize ?? 0
    new BodyCollector(request, response, Math.min(limit, endpoint.bodyLimit ?? limit), (body, trailers) => {
      this.#visit.body = body
      this.#visit.trailers = trailers
      this.#done(null)
    })
  }
}
