/**
 * What a guard puts on responses, whoever answers.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { connectionOf, type HttpResponse } from '@unisock/plugin-http/core/worker'
import type { Guard } from './guard.ts'

/** To be done once for a response, and before it is answered. */
export function dress(guard: Guard, request: IncomingMessage, response: HttpResponse): void {
  const { tracing, fields, cors, filters } = guard
  if (tracing) {
    const { addr, listener } = connectionOf(request.socket)!
    tracing.identify(request, response, addr, listener.settings.door.settings.forwarders)
  }
  for (let i = 0; i < fields.length; i += 2) response.add(fields[i]!, fields[i + 1]!)
  cors?.mark(request, response)
  if (filters.length > 0) {
    response.filters ??= []
    response.filters.push(...filters)
  }
}
