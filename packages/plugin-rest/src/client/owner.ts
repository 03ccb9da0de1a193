/**
 * REST_CLIENT's half in the program's thread.
 * @module
 */
import { clientOwner } from '@unisock/plugin-http/client'
import { checkRestRequest, type RestClientWrite, raises } from './request.ts'
import { RestResponse } from './response.ts'
import { responseError } from './response-error.ts'

/** A status from 400 on, or JSON that is none, rejects who asked. */
function refusal(response: RestResponse): Error | undefined {
  if (response.status >= 400) return raises(response.request) ? responseError(response) : undefined
  try {
    void response.body
    return undefined
  } catch (error) {
    return error as Error
  }
}

export const restClientOwner = clientOwner({
  check: checkRestRequest,
  response: (wire, fd, request, stream) => new RestResponse(wire, fd, request as RestClientWrite, stream),
  refusal: response => refusal(response as RestResponse),
})
