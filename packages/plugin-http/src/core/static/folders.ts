/**
 * The folders of a listener.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpListener } from '../server/listener.ts'
import { type HttpResponse, sendProblem } from '../server/response.ts'
import { rawPath } from '../uri.ts'
import { StaticFolder } from './folder.ts'
import type { StaticFiles } from './options.ts'

export class StaticFolders {
  /** Those with longer paths first: they are below the others. */
  readonly #folders: readonly StaticFolder[]

  constructor(option: StaticFiles | readonly StaticFiles[]) {
    const all: readonly StaticFiles[] = Array.isArray(option) ? option : [option]
    this.#folders = all
      .toSorted((a, b) => (b.path ?? '/').length - (a.path ?? '/').length)
      .map(files => new StaticFolder(files))
  }

  /** Answers a request, or calls `pass` where it is for the program. */
  serve(request: IncomingMessage, response: HttpResponse, listener: HttpListener, pass: () => void): void {
    const path = rawPath(request.url!)
    const folder = this.#folders.find(candidate => candidate.has(path))
    if (!folder) {
      pass()
      return
    }
    folder.serve(request, response, listener, pass).catch(error => this.#failed(error, response, listener))
  }

  #failed(error: NodeJS.ErrnoException, response: HttpResponse, { socket }: HttpListener): void {
    const { req } = response
    // A client that has left is no failure.
    if (response.destroyed || req.socket.destroyed) return
    const status = STATUSES[error.code ?? ''] ?? 500
    const level = status === 404 ? 'debug' : status === 403 ? 'warn' : 'error'
    socket.log(level, `a file could not be sent: ${error.message}`, { path: rawPath(req.url!), status })
    if (response.headersSent) req.socket.destroy()
    else if (status === 500) response.giveUp()
    else sendProblem(response, status)
  }
}

/** What came between finding a file and opening it, or is nobody's to read. */
const STATUSES: Readonly<Record<string, number>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ELOOP: 404,
  EACCES: 403,
  EPERM: 403,
}
