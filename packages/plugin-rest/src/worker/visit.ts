/**
 * One request on its way through the router: what each step leaves for the next.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { HttpResponse, ReadForm, UploadRules } from '@unisock/plugin-http/core/worker'
import type { Format } from '../formats/format.ts'
import type { AuthResult } from './auth.ts'
import type { Endpoint } from './endpoint.ts'
import type { RouterParams } from './place.ts'

export class Visit {
  readonly endpoint: Endpoint
  readonly params: RouterParams
  readonly request: IncomingMessage
  readonly response: HttpResponse
  /** Undefined where the route looks at no token. */
  auth: AuthResult | undefined = undefined
  /** The media type that the route knows the body by; '' where there is no body. */
  accepted = ''
  mediaType = ''
  body: Buffer | null = null
  /** What the body is read with where it is neither JSON nor text. */
  format: Format | undefined = undefined
  /** How the body is taken apart as a form with files. */
  upload: UploadRules | undefined = undefined
  /** The form that it was. */
  form: ReadForm | undefined = undefined
  trailers: readonly string[] = NO_TRAILERS

  constructor(endpoint: Endpoint, params: RouterParams, request: IncomingMessage, response: HttpResponse) {
    this.endpoint = endpoint
    this.params = params
    this.request = request
    this.response = response
  }
}

const NO_TRAILERS: readonly string[] = []
