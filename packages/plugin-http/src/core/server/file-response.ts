/**
 * Replies that name a file: the web server in front sends it, or this server where there is none.
 * @module
 */
import { admittedOf } from '../apache/door.ts'
import { handedFile } from '../apache/handoff.ts'
import { BODY_FILE } from '../wire.ts'
import { fileTag, sendFileBody, useFile } from './file-body.ts'
import { includes } from './head.ts'
import type { HttpListener } from './listener.ts'
import { type HttpResponse, sendProblem, sendWhole } from './response.ts'

export interface FileReply {
  status: number
  headers: readonly string[] | null
  file: string
}

/**
 * Sends a file, or 404 where it is not below APACHE_STATIC_HANDOFF's root.
 *
 * @param wanted Whether anybody still waits for it.
 */
export async function sendFile(
  response: HttpResponse,
  { status, headers, file }: FileReply,
  { settings, socket }: HttpListener,
  wanted: () => boolean,
): Promise<void> {
  const { defaultHeaders, door } = settings
  const { handoff } = door.settings
  if (!handoff) {
    socket.log('error', 'a reply names a file, but APACHE_STATIC_HANDOFF is not set')
    sendProblem(response, 500)
    return
  }
  const found = await handedFile(file, handoff)
  if (!wanted()) return
  if (!found) {
    socket.log('warn', 'a reply names what is no file below the root of APACHE_STATIC_HANDOFF', { file })
    sendProblem(response, 404)
    return
  }
  const own = headers ?? []
  if (isBehindFront(response)) {
    sendWhole(response, status, [...own, ...found.field], null, BODY_FILE, defaultHeaders)
    return
  }
  await useFile(found.real, sent => {
    if (!sent) {
      sendProblem(response, 404)
      return undefined
    }
    const fields = includes(own, 'etag') ? own : [...own, 'ETag', fileTag(sent)]
    return sendFileBody(response, status, fields, sent, defaultHeaders)
  })
}

/** A client that came straight would be told where the file is, and get nothing of it. */
function isBehindFront(response: HttpResponse): boolean {
  if (!response.framed) return true
  const { req } = response
  return admittedOf(req)?.front?.via === 'proxy' && req.headers['x-forwarded-for'] !== undefined
}
