/**
 * What HTTP_CLIENT and HTTPS_CLIENT make of requests and responses.
 * @module
 */
import { clientOwner } from './client-owner.ts'
import { checkRequest } from './request.ts'
import { HttpResponse } from './response.ts'

/** The owner half of HTTP_CLIENT and HTTPS_CLIENT. */
export const httpClientOwner = clientOwner({
  check: checkRequest,
  response: (wire, fd, request, stream) => new HttpResponse(wire, fd, request, stream),
})
