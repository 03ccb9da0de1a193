/**
 * What a request must bring before its body is read: a token, where its route asks for one, and a body of a
 * media type that the route takes.
 * @module
 */
import { hasBody } from '@unisock/plugin-http/core/worker'
import { acceptedAs, mediaTypeOf } from '../media-type.ts'
import { FORBIDDEN } from './auth.ts'
import { answerProblem } from './problems.ts'
import type { Visit } from './visit.ts'

/** False when the request was refused, and the client told so. */
export function admit(visit: Visit): boolean {
  return authenticate(visit) && acceptBody(visit)
}

function authenticate(visit: Visit): boolean {
  const { gate, pass } = visit.endpoint
  if (!gate) return true
  const auth = gate(visit.request.headers.authorization)
  visit.auth = auth
  if (auth.admitted || pass) return true
  const headers = auth.challenge === undefined ? [] : ['WWW-Authenticate', auth.challenge]
  answerProblem(visit.request, visit.response, auth.status === FORBIDDEN ? 403 : 401, {
    detail: auth.detail,
    headers,
  })
  return false
}

/** A body of a GET means nothing (RFC 9110 section 9.3.1) and is not read. */
function acceptBody(visit: Visit): boolean {
  const { request, response, endpoint } = visit
  if (!hasBody(request) || endpoint.stream || request.method === 'GET' || request.method === 'HEAD')
    return true
  visit.mediaType = mediaTypeOf(request.headers['content-type'])
  const { bodies } = endpoint.checks
  const accepted = acceptedAs(visit.mediaType, bodies)
  if (accepted !== undefined) {
    visit.accepted = accepted
    return true
  }
  const takes = bodies ? [...bodies.keys()].join(', ') : 'application/json, text/plain'
  // RFC 9110 section 15.5.16: Accept says what would have been taken.
  answerProblem(request, response, 415, { detail: `This takes ${takes}.`, headers: ['Accept', takes] })
  return false
}
