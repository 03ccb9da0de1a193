/**
 * A browser's question whether a page of another origin may make a request: answered for the route that this would
 * come by.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpResponse } from '@unisock/plugin-http/core/worker'
import type { Endpoint } from '../../worker/endpoint.ts'
import type { Place } from '../../worker/place.ts'
import { methodsAt, secondChoice } from '../../worker/second-choice.ts'
import type { Guard } from './guard.ts'

export interface PreflightPlaces {
  readonly places: readonly Place[]
  readonly endpoints: readonly Endpoint[]
  /** Of what no route takes. */
  readonly guard: Guard | undefined
}

/** False: nobody has said who may call there. */
export function answerPreflight(
  { places, endpoints, guard }: PreflightPlaces,
  request: IncomingMessage,
  response: HttpResponse,
): boolean {
  const method = String(request.headers['access-control-request-method'])
  const endpoint = secondChoice(places, { method, url: request.url })?.endpoint
  const cors = endpoint ? endpoint.guard?.cors : guard?.cors
  if (!cors) return false
  cors.preflight(request, response, [...methodsAt(endpoints, request.url ?? '/')].sort().join(', '))
  return true
}
