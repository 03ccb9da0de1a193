/**
 * What a body must be before it is read: of a media type and coding that the route takes; and whether its client takes
 * what it will be answered with.
 * @module
 */
import { acceptCoding, connectionOf, formRules, hasBody } from '@unisock/plugin-http/core/worker'
import { answerIn } from '../formats/answer-format.ts'
import type { RouteFormats } from '../formats/formats.ts'
import { acceptedAs, mediaTypeOf } from '../media-type.ts'
import { answerProblem } from './problems.ts'
import type { Visit } from './visit.ts'

/**
 * False when the request was refused, and the client told so. A body of a GET means nothing (RFC 9110 section 9.3.1)
 * and is not read.
 */
export function acceptBody(visit: Visit): boolean {
  const { request, response, endpoint } = visit
  if (endpoint.formats && !negotiate(visit, endpoint.formats)) return false
  if (!hasBody(request) || request.method === 'GET' || request.method === 'HEAD') return true
  const { decompress, uploads } = connectionOf(request.socket)!.listener.settings
  if (endpoint.stream) return !decompress || acceptCoding(request, response, decompress)
  const contentType = request.headers['content-type']
  const upload = formRules(request, endpoint.upload === null ? uploads.rules : endpoint.upload)
  visit.mediaType = mediaTypeOf(contentType)
  visit.format = endpoint.formats?.of(visit.mediaType)
  const accepted = acceptedOf(visit, upload !== undefined)
  if (accepted === undefined) {
    refuseType(visit)
    return false
  }
  visit.accepted = accepted
  visit.upload = upload
  return request.headers['content-encoding'] === undefined || acceptCoding(request, response, decompress)
}

/** The key of the route's described bodies that the body falls under. */
function acceptedOf({ endpoint, mediaType, format }: Visit, isUpload: boolean): string | undefined {
  const { bodies } = endpoint.checks
  const accepted = acceptedAs(mediaType, bodies)
  if (accepted !== undefined) return accepted
  if (bodies === undefined) return format || isUpload ? mediaType : undefined
  return format && acceptedAs('application/json', bodies)
}

function refuseType({ request, response, endpoint }: Visit): void {
  const { bodies } = endpoint.checks
  const described = bodies ? [...bodies.keys()] : ['application/json', 'text/plain']
  const formats = described.includes('application/json') ? (endpoint.formats?.types ?? []) : []
  const takes = [...new Set([...described, ...formats])].join(', ')
  // RFC 9110 section 15.5.16: Accept says what would have been taken; so does Accept-Post, and RFC 5789's Accept-Patch.
  const headers = ['Accept', takes]
  if (request.method === 'POST') headers.push('Accept-Post', takes)
  if (request.method === 'PATCH') headers.push('Accept-Patch', takes)
  answerProblem(request, response, 415, { detail: `This takes ${takes}.`, headers })
}

/** False where nothing suits the client and the route insists on that (RFC 9110 section 15.5.7). */
function negotiate({ request, response }: Visit, formats: RouteFormats): boolean {
  const choice = formats.choose(request.headers.accept)
  if (!choice && formats.strict) {
    const has = ['application/json', ...formats.types].join(', ')
    answerProblem(request, response, 406, {
      detail: `This answers with ${has}.`,
      headers: ['Vary', 'Accept'],
    })
    return false
  }
  // Before what compresses or identifies the answer.
  response.filters = [answerIn(choice), ...(response.filters ?? [])]
  return true
}
