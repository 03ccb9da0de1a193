/**
 * A body on its way in, up to the route's limit.
 * @module
 */
import {
  BodyCollector,
  connectionOf,
  FormCollector,
  type UploadRules,
} from '@unisock/plugin-http/core/worker'
import type { Visit } from './visit.ts'

export class ArrivingBody {
  readonly #visit: Visit
  readonly #done: (error: null) => void
  readonly #over: () => void
  #isOver = false
  readonly #closed = (): void => {
    if (!this.#isOver) this.#over()
    this.#isOver = true
  }

  /**
   * @param done Called with all of it there; a body that was refused is never done.
   * @param over Called once, when nothing of it is waited for any more.
   */
  constructor(visit: Visit, done: (error: null) => void, over: () => void) {
    this.#visit = visit
    this.#done = done
    this.#over = over
  }

  read(): void {
    const { request, response, endpoint, upload } = this.#visit
    const max = connectionOf(request.socket)?.listener.settings.maxBodySize ?? 0
    const limit = Math.min(max, endpoint.bodyLimit ?? max)
    if (upload) {
      this.#readForm(upload, limit)
      return
    }
    // A response that is pipelined behind others has no socket to close with; a request that is answered before its
    // body has come does not close.
    request.once('close', this.#closed)
    response.once('close', this.#closed)
    new BodyCollector(request, response, limit, (body, trailers) => {
      this.#visit.body = body
      this.#visit.trailers = trailers
      this.#done(null)
    })
  }

  /** Its files may still be on their way to the disk when the request has closed. */
  #readForm(upload: UploadRules, limit: number): void {
    const { request, response } = this.#visit
    new FormCollector(request, response, upload, limit, {
      taken: form => {
        this.#visit.form = form
        this.#visit.trailers = form.trailers
        this.#done(null)
        this.#over()
      },
      gone: this.#over,
    })
  }
}
