/** HTTP/2 clients for tests: node:http2's, and one that writes frames of its own. */
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'

export interface H2Response {
  status: number
  headers: IncomingHttpHeaders
  body: string
  trailers: IncomingHttpHeaders | undefined
}

/** What a stream brings. */
export async function responseOf(stream: ClientHttp2Stream): Promise<H2Response> {
  let trailers: IncomingHttpHeaders | undefined
  stream.on('trailers', fields => {
    trailers = fields
  })
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const over = closed(stream)
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  await over
  const { ':status': status, ...rest } = headers
  return { status: Number(status), headers: rest, body: Buffer.concat(chunks).toString(), trailers }
}

/** Resolves when a stream or a session has closed, with an error or without. */
export function closed(emitter: ClientHttp2Stream | ClientHttp2Session): Promise<void> {
  return new Promise(resolve => emitter.once('close', () => resolve()))
}

export class H2Client {
  readonly session: ClientHttp2Session

  constructor(session: ClientHttp2Session) {
    this.session = session
    session.on('error', () => {})
  }

  static async connect(
    port: number,
    options: Parameters<typeof connect>[1] = {},
    scheme = 'http',
  ): Promise<H2Client> {
    const session = connect(`${scheme}://127.0.0.1:${port}`, options)
    const client = new H2Client(session)
    await once(session, 'connect')
    return client
  }

  request(headers: OutgoingHttpHeaders = {}, options: { endStream?: boolean } = {}): ClientHttp2Stream {
    const stream = this.session.request(headers, options)
    stream.on('error', () => {})
    return stream
  }

  /** One request and its response. */
  ask(headers: OutgoingHttpHeaders = {}, body?: string | Buffer): Promise<H2Response> {
    const stream = this.request(headers, { endStream: body === undefined })
    if (body !== undefined) stream.end(body)
    return responseOf(stream)
  }

  [Symbol.dispose](): void {
    this.session.destroy()
  }
}
