/** A web server's side of FastCGI: says exactly what it is told to. */
import { connect, type Socket } from 'node:net'
import { encodePairs } from '../../src/core/fastcgi/pairs.ts'
import {
  BEGIN_REQUEST,
  encodeEnd,
  encodeRecord,
  encodeStream,
  KEEP_CONN,
  PARAMS,
  RESPONDER,
  STDIN,
} from '../../src/core/fastcgi/records.ts'

/** BEGIN_REQUEST. */
export function encodeBegin(id: number, role: number, flags: number): Buffer {
  return encodeRecord(BEGIN_REQUEST, id, Buffer.from([role >>> 8, role & 0xff, flags, 0, 0, 0, 0, 0]))
}

export interface Record {
  type: number
  id: number
  content: Buffer
}

export interface CgiResponse {
  status: string | undefined
  /** Names in lower case and values. */
  headers: [name: string, value: string][]
  body: string
  appStatus: number
  protocolStatus: number
}

/** What a web server says of a plain GET. */
export function variables(more: globalThis.Record<string, string> = {}): string[] {
  const all = {
    REQUEST_METHOD: 'GET',
    REQUEST_URI: '/',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '203.0.113.9',
    REMOTE_PORT: '5555',
    HTTP_HOST: 'example.org',
    ...more,
  }
  return Object.entries(all).flat()
}

export class FastCgiClient implements Disposable {
  readonly socket: Socket
  #bytes = Buffer.alloc(0)
  #records: Record[] = []
  #ended = false
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      this.#parse()
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  static async connect(to: { port: number } | { path: string }): Promise<FastCgiClient> {
    const socket = 'path' in to ? connect(to.path) : connect(to.port, '127.0.0.1')
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new FastCgiClient(socket)
  }

  send(...parts: Uint8Array[]): this {
    this.socket.write(Buffer.concat(parts))
    return this
  }

  /** A whole request. */
  request(pairs: readonly string[], body: string | Uint8Array = '', id = 1, flags = KEEP_CONN): this {
    return this.send(
      encodeBegin(id, RESPONDER, flags),
      ...encodeStream(PARAMS, id, encodePairs(pairs)),
      encodeEnd(PARAMS, id),
      ...encodeStream(STDIN, id, Buffer.from(body)),
      encodeEnd(STDIN, id),
    )
  }

  /** The next record, of a request or of any. */
  async record(of?: number): Promise<Record> {
    for (;;) {
      const at = this.#records.findIndex(({ id }) => of === undefined || id === of)
      if (at >= 0) return this.#records.splice(at, 1)[0]!
      if (this.#ended) throw new Error('the server has closed the connection')
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<Record[]> {
    while (!this.#ended)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    return this.#records
  }

  /** Everything up to a request's end. */
  async response(id = 1): Promise<CgiResponse> {
    const out: Buffer[] = []
    for (;;) {
      const { type, content } = await this.record(id)
      if (type === 6) out.push(content)
      else if (type === 3) return parseResponse(Buffer.concat(out), content)
      else throw new Error(`a record of type ${type}`)
    }
  }

  #parse(): void {
    while (this.#bytes.length >= 8) {
      const length = this.#bytes.readUInt16BE(4)
      const end = 8 + length + this.#bytes[6]!
      if (this.#bytes.length < end) return
      this.#records.push({
        type: this.#bytes[1]!,
        id: this.#bytes.readUInt16BE(2),
        content: this.#bytes.subarray(8, 8 + length),
      })
      this.#bytes = this.#bytes.subarray(end)
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

function parseResponse(out: Buffer, end: Buffer): CgiResponse {
  const text = out.toString('latin1')
  const at = text.indexOf('\r\n\r\n')
  const headers = text
    .slice(0, at)
    .split('\r\n')
    .map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as [string, string]
    })
  return {
    status: headers.find(([name]) => name === 'status')?.[1],
    headers,
    body: text.slice(at + 4),
    appStatus: end.readUInt32BE(),
    protocolStatus: end[4]!,
  }
}
