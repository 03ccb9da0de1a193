/** A TCP client that says exactly what it is told to. */
import { connect, type Socket } from 'node:net'

export interface RawResponse {
  status: number
  head: string
  headers: Record<string, string>
  body: string
}

export class RawClient {
  readonly socket: Socket
  #text = ''
  #ended = false
  #error: Error | undefined
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', chunk => {
      this.#text += chunk
      this.#wake()
    })
    socket.on('error', error => {
      this.#error = error
    })
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
    socket.on('end', () => {
      this.#ended = true
      this.#wake()
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const client = new RawClient(socket)
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return client
  }

  send(data: string | Buffer): this {
    this.socket.write(data)
    return this
  }

  /** What has arrived and was not taken. */
  get received(): string {
    return this.#text
  }

  /** Resolves when the server has ended its side. */
  async ended(): Promise<{ text: string; error: Error | undefined }> {
    while (!this.#ended) await this.#more()
    return { text: this.#text, error: this.#error }
  }

  /** Takes everything up to and with a text. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#text.indexOf(text)
      if (at >= 0) return this.#take(at + text.length)
      if (this.#ended) throw new Error(`ended before ${JSON.stringify(text)}: ${JSON.stringify(this.#text)}`)
      await this.#more()
    }
  }

  /** Takes one response; its body by its Content-Length, or its chunks. */
  async response(method = 'GET'): Promise<RawResponse> {
    const head = await this.until('\r\n\r\n')
    const status = Number(head.split(' ', 2)[1])
    const headers: Record<string, string> = {}
    for (const line of head.split('\r\n').slice(1)) {
      const colon = line.indexOf(':')
      if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
    }
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
    return { status, head, headers, body: bodiless ? '' : await this.#body(headers) }
  }

  async #body(headers: Record<string, string>): Promise<string> {
    if (headers['transfer-encoding'] === 'chunked') return this.#chunks()
    if (headers['content-length'] === undefined) return (await this.ended()).text
    const length = Number(headers['content-length'])
    while (this.#text.length < length) {
      if (this.#ended) throw new Error(`ended in a body: ${JSON.stringify(this.#text)}`)
      await this.#more()
    }
    return this.#take(length)
  }

  async #chunks(): Promise<string> {
    let body = ''
    for (;;) {
      const size = Number.parseInt(await this.until('\r\n'), 16)
      if (size === 0) {
        this.trailers = ''
        for (let line = await this.until('\r\n'); line !== '\r\n'; line = await this.until('\r\n'))
          this.trailers += line
        return body
      }
      while (this.#text.length < size + 2) {
        if (this.#ended) throw new Error('ended in a chunk')
        await this.#more()
      }
      body += this.#take(size)
      this.#take(2)
    }
  }

  /** The trailer lines of the last chunked response. */
  trailers = ''

  close(): void {
    this.socket.destroy()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #take(length: number): string {
    const taken = this.#text.slice(0, length)
    this.#text = this.#text.slice(length)
    return taken
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}
