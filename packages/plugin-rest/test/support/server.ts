import { type Addr, createKernel, type Fd, type Isolation, type Kernel, type Logger } from '@unisock/kernel'
import type { PluginSettings } from '@unisock/kernel/plugin'
import { REST_ADD_ROUTE, REST_SERVER, type RestExchange, type RestRequest, rest } from '../../src/index.ts'
import type { AnyRoute } from '../../src/route.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

type Listener = ReturnType<typeof createListener>
const createListener = (kernel: Kernel) => kernel.create(REST_SERVER, () => {})

export interface LogLine {
  level: string
  message: string
  details: any
}

/** A kernel with the plugin, and what it logs. */
export class TestKernel implements AsyncDisposable {
  readonly kernel: Kernel
  readonly log: LogLine[]

  private constructor(kernel: Kernel, log: LogLine[]) {
    this.kernel = kernel
    this.log = log
  }

  static async start(isolation: Isolation, more: PluginSettings = {}): Promise<TestKernel> {
    const log: LogLine[] = []
    const at = (level: string) => (details: object, message: string) =>
      void log.push({ level, message, details })
    const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
    return new TestKernel(await createKernel({ plugins: [rest({ isolation, ...more })], logger }), log)
  }

  /** A listening server; `set` is what the program sets before it listens. */
  async serve(
    set: (api: Listener, kernel: Kernel) => void,
    message: (fd: Fd<RestExchange>, request: RestRequest) => void = () => {},
    error?: (error: Error) => void,
  ): Promise<TestServer> {
    const api = this.kernel.create(REST_SERVER, { message, ...(error && { error: (_fd, e) => error(e) }) })
    set(api, this.kernel)
    await this.kernel.bind(api, 0)
    return new TestServer(this.kernel, api, await this.kernel.listen(api))
  }

  routes(...routes: AnyRoute[]): Promise<TestServer> {
    return this.serve(api => {
      for (const route of routes) void this.kernel.setOption(api, REST_ADD_ROUTE, route)
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kernel.close()
  }
}

export class TestServer implements AsyncDisposable {
  readonly kernel: Kernel
  readonly api: Listener
  readonly addr: Addr
  readonly url: string

  constructor(kernel: Kernel, api: Listener, addr: Addr) {
    this.kernel = kernel
    this.api = api
    this.addr = addr
    this.url = `http://127.0.0.1:${addr.port}`
  }

  /** What a request is answered with; the body parsed where it is JSON. */
  async fetch(
    path: string,
    init: RequestInit = {},
  ): Promise<{ status: number; headers: Headers; body: any }> {
    const response = await fetch(this.url + path, { redirect: 'manual', ...init })
    const text = await response.text()
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    }
  }

  send(
    method: string,
    path: string,
    body: unknown,
    type = 'application/json',
    headers: Record<string, string> = {},
  ) {
    const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
    return this.fetch(path, {
      method,
      body: raw as NonNullable<RequestInit['body']>,
      headers: { 'content-type': type, ...headers },
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kernel.close(this.api, { abort: true })
  }
}
