/**
 * REST_CLIENT: the driver of its fd.
 * @module
 */
import { type Addr, type PluginSocket, SocketError, type Target } from '@unisock/kernel/plugin'
import type { AskWire, TellWire } from '@unisock/plugin-http/client'
import { HttpClient, type Outgoing } from '@unisock/plugin-http/client/worker'
import { parseHeaders, splitHeaders } from '@unisock/plugin-http/core'
import { type ClientSchemas, REST_JWT_SECRET, REST_VALIDATION_SCHEMA } from '../../options.ts'
import { OPERATION, PARAMS } from '../request.ts'
import { type ApiDocument, type ApiOperation, readApiDocument } from './api-document.ts'
import { checkResponse, filledPath, operationRequest } from './operation.ts'
import { type TokenSource, tokenSource } from './token.ts'

/** Bytes of a document that is loaded. */
const MAX_DOCUMENT = 16 * 1024 * 1024

type Params = Readonly<Record<string, unknown>>

export class RestClient extends HttpClient {
  /** The document that is used, or the next one that is being read. */
  #api: Promise<ApiDocument> | undefined
  #document: ApiDocument | undefined
  #token: TokenSource | undefined

  constructor(socket: PluginSocket) {
    super(socket, false, 'application/json, application/problem+json, */*;q=0.5')
  }

  protected override get standingUrl(): string | undefined {
    return super.standingUrl ?? this.#document?.server
  }

  override async connect(to: Target): Promise<Addr> {
    await this.#api?.catch(() => {})
    return super.connect(to)
  }

  override setOption(option: number): void | Promise<void> {
    if (option === REST_VALIDATION_SCHEMA) return this.#describe(this.socket.option(REST_VALIDATION_SCHEMA))
    if (option === REST_JWT_SECRET) {
      const value = this.socket.option(REST_JWT_SECRET)
      this.#token = value === undefined ? undefined : tokenSource(value)
      return undefined
    }
    return super.setOption(option)
  }

  /** An operation brings its own method. */
  protected override complete(ask: AskWire): void {
    if ((ask[OPERATION] ?? null) === null) super.complete(ask)
  }

  override outgoing(ask: AskWire): Outgoing | Promise<Outgoing> {
    const operation = (ask[OPERATION] ?? null) as string | null
    const params = (ask[PARAMS] ?? {}) as Params
    if (operation !== null) return this.#call(operation, params, ask)
    const [, , method, path, headers, body, contentType] = ask
    return this.#authorized(method!, this.#below(filledPath(path, params)), headers, body, contentType)
  }

  override respond(wire: TellWire, ask: AskWire): TellWire {
    const operation = this.#document?.operations.get(ask[OPERATION] as string)
    if (!operation || operation.method === 'HEAD') return wire
    const type = parseHeaders(splitHeaders(wire[6]))['content-type']
    checkResponse(operation, wire[2], type as string | undefined, wire[7] as Uint8Array | null)
    return wire
  }

  async #call(id: string, params: Params, ask: AskWire): Promise<Outgoing> {
    const operation = await this.#operation(id)
    const [, , , query, own, body, contentType] = ask
    const given = own?.find((_value, i) => i % 2 === 1 && own[i - 1]!.toLowerCase() === 'content-type')
    const request = operationRequest(operation, params, body, given ?? contentType)
    const headers = [...request.headers, ...(own ?? [])]
    const more = query.slice(query.indexOf('?') + 1)
    const path =
      query === '' ? request.path : `${request.path}${request.path.includes('?') ? '&' : '?'}${more}`
    return this.#authorized(operation.method, this.#below(path), headers, body, request.contentType)
  }

  async #operation(id: string): Promise<ApiOperation> {
    if (!this.#api)
      throw new SocketError(
        'EINVAL',
        `${id}: set REST_VALIDATION_SCHEMA (115) to an OpenAPI document first`,
        {
          op: 'request',
        },
      )
    const { operations } = await this.#api
    const operation = operations.get(id)
    if (operation) return operation
    throw new SocketError('EINVAL', `the OpenAPI document has no operation ${id}`, { op: 'request' })
  }

  /** A path is below the base's own; a whole URL is what it is. */
  #below(path: string): URL {
    const { base } = this
    if (!base || /^[a-z][a-z0-9+.-]*:/i.test(path)) return this.resolve(path)
    const prefix = base.url.pathname.endsWith('/') ? base.url.pathname.slice(0, -1) : base.url.pathname
    return this.resolve(
      path === '' || path.startsWith('/') || path.startsWith('?')
        ? `${prefix}${path}` || '/'
        : `${prefix}/${path}`,
    )
  }

  /** The token is for the client's own server. */
  #authorized(
    method: string,
    url: URL,
    own: readonly string[] | null,
    body: AskWire[5],
    contentType: string | null,
  ): Outgoing {
    const outgoing = this.toOutgoing(method, url, own, body, contentType)
    const { headers } = outgoing
    if (!this.#token || url.origin !== this.base?.url.origin) return outgoing
    if (headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'authorization')) return outgoing
    return { ...outgoing, headers: [...headers, 'Authorization', `Bearer ${this.#token()}`] }
  }

  async #describe(value: ClientSchemas): Promise<void> {
    const before = this.#api
    const reading = this.#read(value)
    this.#api = reading
    reading.catch(() => {})
    try {
      this.#document = await reading
      this.restand()
    } catch (error) {
      if (this.#api === reading) this.#api = before
      throw error
    }
  }

  async #read(value: ClientSchemas): Promise<ApiDocument> {
    try {
      if ('openapi' in value) return await readApiDocument(value)
      if (!('url' in value))
        throw new Error('on a client it is an OpenAPI document, or { url } of one; schemas are for servers')
      return await this.#load(new URL(value.url as string))
    } catch (error) {
      throw new SocketError('EINVAL', `REST_VALIDATION_SCHEMA (115): ${(error as Error).message}`, {
        op: 'setOption',
        cause: error,
      })
    }
  }

  async #load(url: URL): Promise<ApiDocument> {
    const [, , status, , from, , , body] = await this.fetch(url, MAX_DOCUMENT)
    if (status !== 200) throw new Error(`${url.href} answers ${status}`)
    let document: unknown
    try {
      document = JSON.parse(Buffer.from(body as Uint8Array).toString('utf8'))
    } catch {
      throw new Error(`${url.href} is not JSON`)
    }
    return readApiDocument(document, new URL(from))
  }
}
