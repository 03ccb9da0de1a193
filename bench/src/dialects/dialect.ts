/**
 * How the clients of a server speak, so that one load drives all servers.
 * @module
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** Characters of an event's payload: once a client has joined, whatever is that long is an event. */
export const PAYLOAD = 200
const TEXT = 'e'.repeat(PAYLOAD - '{"text":""}'.length)

/** What a server publishes: as large for all of them. */
export const payload = (): object => ({ text: TEXT })

export const isEvent = (message: Buffer): boolean => message.includes(TEXT)

export interface Dialect {
  readonly path?: string
  readonly protocol?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Has a client get what is published, and resolves with what it needs to come back. */
  join(socket: WebSocket): Promise<unknown>
  /** What a client that gets nothing has to say first. */
  greet?(socket: WebSocket): Promise<void>
  /** Has a client that was cut off go on; resolves when the server has said that it does. */
  rejoin?(socket: WebSocket, joined: unknown): Promise<void>
  /** Looks at an event, where a client needs something of it to come back. */
  onEvent?(event: Buffer, joined: unknown): void
  /** Answers what the server asks its clients now and then. */
  answer?(socket: WebSocket, message: Buffer): void
  /** Text that is echoed, around a text. */
  echo(text: string): string
  /** What makes the server publish an event, and what keeps its program's thread busy for five seconds. */
  readonly publish: string
  readonly block: string
}

/** A connection to a server that speaks a dialect. */
export async function open({ path = '', protocol, headers = {} }: Dialect, port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocol, {
    perMessageDeflate: false,
    headers,
  })
  await once(socket, 'open')
  return socket
}

/** The next message that this is said of. */
export function message(socket: WebSocket, wanted: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = (code: number, reason: Buffer): void => reject(new Error(`closed: ${code} ${reason}`))
    const look = (data: Buffer): void => {
      const text = data.toString()
      if (!wanted(text)) return
      socket.off('message', look).off('close', closed)
      resolve(text)
    }
    socket.on('message', look).on('close', closed)
  })
}

/** Does it for all, so many at once. */
export async function together<T, R>(
  all: readonly T[],
  many: number,
  run: (one: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = []
  for (let i = 0; i < all.length; i += many)
    done.push(...(await Promise.all(all.slice(i, i + many).map(run))))
  return done
}
