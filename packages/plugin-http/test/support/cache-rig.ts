/** A listener with a cache, and a program that answers what it is told to. */
import { vi } from 'vitest'
import { CACHE_ENABLE, CACHE_TTL } from '../../src/core/index.ts'
import type { FakeConnection } from './fake-socket.ts'
import { RawClient, type RawResponse } from './raw-client.ts'
import { TestServer } from './server.ts'

/** A number stands for a date, so many seconds from now. */
export type Fields = readonly (readonly [name: string, value: string | number])[]

export interface Answer {
  status?: number
  headers?: Fields
  body?: string
}

/** A request as the program got it. */
export interface Asked {
  method: string
  uri: string
  headers: Record<string, string>
}

export class CacheRig {
  readonly server: TestServer
  readonly asked: Asked[] = []
  /** What the program answers next; undefined: it closes the fd. */
  answer: Answer | undefined = {}
  /** The program does not answer: its exchanges are here. */
  held: FakeConnection[] | undefined
  #wake: () => void = () => {}

  private constructor(server: TestServer) {
    this.server = server
    server.socket.onAccept = exchange => this.#receive(exchange)
  }

  static async start(
    options: readonly (readonly [option: number, value: unknown])[] = [],
  ): Promise<CacheRig> {
    const server = await TestServer.start([[CACHE_ENABLE, true], [CACHE_TTL, 1], ...options])
    return new CacheRig(server)
  }

  /** One request on a connection of its own. */
  async send(method: string, path: string, headers: Fields = [], body = ''): Promise<RawResponse> {
    using client = await RawClient.connect(this.server.port)
    const given = headers.map(([name, value]) => `${name}: ${text(value)}\r\n`).join('')
    const host = headers.some(([name]) => name.toLowerCase() === 'host') ? '' : 'Host: a\r\n'
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
    client.send(Buffer.from(`${method} ${path} HTTP/1.1\r\n${host}${given}${length}\r\n${body}`, 'latin1'))
    return await client.response(method)
  }

  get(path = '/', headers: Fields = []): Promise<RawResponse> {
    return this.send('GET', path, headers)
  }

  /** Resolves when the program holds so many requests. */
  async holding(count: number): Promise<void> {
    this.held ??= []
    while (this.held.length < count) await new Promise<void>(resolve => (this.#wake = resolve))
  }

  /** Answers what is held. */
  release(exchange: FakeConnection, answer: Answer = {}): void {
    const { status = 200, headers = [], body = `answer ${this.asked.length}` } = answer
    const fields = headers.flatMap(([name, value]) => [name, text(value)])
    const bodiless = status === 304 || status === 204
    exchange.answer(status, fields.length > 0 ? fields : null, bodiless ? null : body, 0)
  }

  statistics(): any {
    return this.server.driver.query!(209)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }

  #receive(exchange: FakeConnection): void {
    const [method, uri, , joined] = exchange.request
    const lines = (joined as string).split('\n')
    const headers: Record<string, string> = {}
    for (let i = 0; i + 1 < lines.length; i += 2) headers[lines[i]!.toLowerCase()] = lines[i + 1]!
    this.asked.push({ method, uri, headers })
    if (this.held) {
      this.held.push(exchange)
      this.#wake()
    } else if (this.answer) this.release(exchange, this.answer)
    else {
      exchange.ended = true
      exchange.driver.close!({})
    }
  }
}

function text(value: string | number): string {
  return typeof value === 'string' ? value : new Date(Date.now() + value * 1000).toUTCString()
}

/** Time that stands still until it is told to pass; timers go on. */
export function stillTime(): Disposable & { pass(seconds: number): void } {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
  return {
    pass: seconds => void vi.setSystemTime(Date.now() + seconds * 1000),
    [Symbol.dispose]: () => void vi.useRealTimers(),
  }
}
