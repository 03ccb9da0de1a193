/**
 * One folder below a path, and what is answered from it.
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { fileTag, sendFileBody, useFile } from '../server/file-body.ts'
import type { HttpListener } from '../server/listener.ts'
import { type HttpResponse, sendProblem, sendWorkerAnswer } from '../server/response.ts'
import { rawPath, rawQuery } from '../uri.ts'
import { type FoundFile, Lookup } from './lookup.ts'
import { OpenFiles } from './open-files.ts'
import type { StaticFiles } from './options.ts'

/** Those of all listeners of this worker. */
const openFiles = new OpenFiles()

export class StaticFolder {
  readonly #files: StaticFiles
  readonly #lookup: Lookup
  /** Ends with a slash. */
  readonly #mount: string

  constructor(files: StaticFiles) {
    const { path = '/' } = files
    this.#files = files
    this.#mount = path.endsWith('/') ? path : `${path}/`
    this.#lookup = new Lookup(files)
  }

  /** Whether a target's path is here; the path of the folder without its slash is, too. */
  has(path: string): boolean {
    return (
      path.startsWith(this.#mount) || (path.length === this.#mount.length - 1 && this.#mount.startsWith(path))
    )
  }

  /** Answers a request, or calls `pass` where it is not for the folder after all. */
  async serve(
    request: IncomingMessage,
    response: HttpResponse,
    listener: HttpListener,
    pass: () => void,
  ): Promise<void> {
    const { method, headers, url = '' } = request
    const { passUnfound } = this.#files
    if (method !== 'GET' && method !== 'HEAD') {
      if (passUnfound) pass()
      else sendProblem(response, 405, undefined, ['Allow', 'GET, HEAD'])
      return
    }
    const path = rawPath(url)
    const accepted = headers['accept-encoding'] as string | undefined
    const below = path.slice(this.#mount.length - 1)
    let found = below === '' ? ({ what: 'folder' } as const) : await this.#lookup.find(below, accepted)
    if (isRefused(found)) this.#log(request, listener, found.status)
    else if (found.what === 'nothing' && this.#files.fallback !== undefined && isPage(below))
      found = await this.#lookup.find(`/${encodeURI(this.#files.fallback)}`, accepted)
    if (request.socket.destroyed) return
    if (found.what === 'file') await this.#send(found, response, listener)
    else if (found.what === 'folder') redirect(response, path, rawQuery(url))
    else if (found.status === 404 && passUnfound) pass()
    else sendProblem(response, found.status)
  }

  async #send(found: FoundFile, response: HttpResponse, listener: HttpListener): Promise<void> {
    const entered = openFiles.enter()
    if (!entered) {
      sendProblem(response, 503, 'Too many files are being sent.', ['Retry-After', '1'])
      return
    }
    await entered
    try {
      if (!response.req.socket.destroyed) await this.#sendOpened(found, response, listener)
    } finally {
      openFiles.leave()
    }
  }

  #sendOpened({ real, fields, coding }: FoundFile, response: HttpResponse, { settings }: HttpListener) {
    return useFile(real, file => {
      if (!file) {
        sendProblem(response, 404)
        return undefined
      }
      const own = [...fields, 'X-Content-Type-Options', 'nosniff']
      if (this.#files.etag !== false) own.push('ETag', fileTag(file))
      if (this.#files.precompressed) response.add('Vary', 'Accept-Encoding')
      if (coding !== undefined) own.push('Content-Encoding', coding)
      response.req.socket.setTimeout(settings.answers.delay)
      return sendFileBody(response, 200, own, file, settings.defaultHeaders)
    })
  }

  #log({ url = '' }: IncomingMessage, { socket }: HttpListener, status: number): void {
    socket.log('debug', 'refused a path of HTTP_STATIC', { path: url.split('?', 1)[0], status })
  }
}

function isRefused(found: { what: string; status?: number }): found is { what: 'nothing'; status: number } {
  return found.what === 'nothing' && found.status !== 404
}

/** What has no ending is a page of the application; what has one is a file that is missing. */
function isPage(path: string): boolean {
  return !path.slice(path.lastIndexOf('/')).includes('.')
}

/** Several slashes at the beginning would be another server (RFC 3986 section 4.2). */
function redirect(response: HttpResponse, path: string, query: string): void {
  const location = `/${path.replace(/^\/+/, '')}/${query === '' ? '' : `?${query}`}`
  sendWorkerAnswer(response, 301, ['Location', location], '')
}
