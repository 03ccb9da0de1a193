/**
 * The load process for clients that are cut off, miss events, and come back, all of them again and again.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import { DIALECTS, isEvent, open, together } from './dialects/index.ts'
import { loading } from './load-process.ts'
import type { ResumeLoad, ResumeResult } from './ws-messaging.ts'

const { port, dialect: name, connections, missed } = JSON.parse(process.argv[2]!) as ResumeLoad
const dialect = DIALECTS[name]
const TOGETHER = 100
/** Milliseconds in which a busy server too has seen that connections are gone, and published. */
const SETTLED = 500

class Client {
  #socket: WebSocket | undefined
  #joined: unknown
  #events = 0
  #enough: (() => void) | undefined

  async join(): Promise<void> {
    this.#socket = await open(dialect, port)
    this.#joined = await dialect.join(this.#socket)
    this.#listen(this.#socket)
  }

  cut(): void {
    this.#socket!.terminate()
    this.#events = 0
  }

  /** Resolves when it has what it missed. */
  async comeBack(): Promise<void> {
    const socket = await open(dialect, port)
    this.#socket = socket
    this.#listen(socket)
    await dialect.rejoin!(socket, this.#joined)
    if (this.#events < missed) await new Promise<void>(resolve => (this.#enough = resolve))
  }

  #listen(socket: WebSocket): void {
    socket.on('message', (data: Buffer) => {
      if (!isEvent(data)) return dialect.answer?.(socket, data)
      dialect.onEvent?.(data, this.#joined)
      if (++this.#events === missed) this.#enough?.()
    })
  }
}

const publisher = await open(dialect, port)
await dialect.greet?.(publisher)
const clients = Array.from({ length: connections }, () => new Client())
await together(clients, TOGETHER, client => client.join())
// Socket.IO knows only from an event on where a client is.
publisher.send(dialect.publish)
await delay(SETTLED)

loading(async (seconds): Promise<ResumeResult> => {
  const until = performance.now() + seconds * 1000
  let recovered = 0
  while (performance.now() < until) {
    for (const client of clients) client.cut()
    await delay(SETTLED)
    for (let i = 0; i < missed; i++) publisher.send(dialect.publish)
    await delay(SETTLED)
    await together(clients, TOGETHER, client => client.comeBack())
    recovered += clients.length
  }
  return { recovered, seconds }
})
