/** The part of the library that tests use; it has no types of its own. */
declare module 'websocket-driver' {
  import type { IncomingMessage } from 'node:http'
  import type { Duplex } from 'node:stream'

  interface Driver {
    readonly io: Duplex
    readonly protocol: string | null
    on(event: 'open', listener: () => void): this
    on(event: 'message', listener: (event: { data: string | Buffer }) => void): this
    on(event: 'close', listener: (event: { code: number; reason: string }) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    start(): boolean
    text(text: string): boolean
    binary(data: Buffer): boolean
    ping(message: string, pong: () => void): boolean
    close(reason: string, code: number): boolean
  }

  const driver: {
    client(url: string, options?: { protocols?: string[]; maxLength?: number }): Driver
    http(request: IncomingMessage, options?: { protocols?: string[]; maxLength?: number }): Driver
  }
  export default driver
}
