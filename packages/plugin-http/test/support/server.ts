/** The worker half of the plugin on a real port, without a kernel. */
import type { Addr, Driver } from '@unisock/kernel/plugin'
import worker from '../../src/worker.ts'
import { FakeSocket } from './fake-socket.ts'
import { RawClient } from './raw-client.ts'

export class TestServer {
  readonly socket: FakeSocket
  readonly driver: Driver
  address!: Addr

  constructor(socket: FakeSocket, mode: number) {
    this.socket = socket
    this.driver = worker.open(mode, socket)
  }

  static async start(
    options: readonly (readonly [option: number, value: unknown])[] = [],
    mode = 20,
  ): Promise<TestServer> {
    const server = new TestServer(new FakeSocket(options), mode)
    server.address = await server.driver.bind!({ port: 0 })
    await server.driver.listen!()
    return server
  }

  get port(): number {
    return this.address.port
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.port)
  }

  /** Sets an option as the kernel does: the value first, then the driver is told. */
  async set(option: number, value: unknown): Promise<void> {
    this.socket.set(option, value)
    await this.driver.setOption!(option, value)
  }

  inspect(): { connections: number; unanswered: number; waiting: number; draining: boolean } {
    return this.driver.inspect!() as any
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.close!({ abort: true })
  }
}

export const get = (path = '/', extra = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${extra}\r\n`
