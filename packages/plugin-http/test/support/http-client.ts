/** One request of node:http's client, its body as it came: not decoded. */
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface PlainResponse {
  status: number
  headers: Record<string, string>
  body: Buffer
}

export function open(url: string, options: RequestOptions = {}): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const { pathname, search, hostname, port } = new URL(url)
  request({ agent: false, hostname, port, path: pathname + search, ...options }, resolve)
    .on('error', reject)
    .end()
  return promise
}

/** `path` in the options is sent as it is. */
export async function plain(url: string, options: RequestOptions = {}): Promise<PlainResponse> {
  const response = await open(url, options)
  const body = await buffer(response)
  return { status: response.statusCode!, headers: response.headers as Record<string, string>, body }
}
