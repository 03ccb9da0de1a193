/** A client of the realm's WebSockets that is no page. */
import { once } from 'node:events'
import type { Realm } from '../../src/realm.ts'

const PASSWORD = 'a good password'

/** Calls the API; the answer's body. */
export async function call({ api }: Realm, path: string, body: unknown, token?: string): Promise<any> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  return (await fetch(`${api}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()
}

/** Makes an account; its token and the player's id. */
export async function account(realm: Realm, name: string): Promise<{ id: number; token: string }> {
  const { id } = await call(realm, '/players', { name, password: PASSWORD })
  return { id, token: await login(realm, name) }
}

export async function login(realm: Realm, name: string, password = PASSWORD): Promise<string> {
  return (await call(realm, '/login', { name, password })).token
}

export interface SubprotocolClient extends AsyncDisposable {
  /** Resolves when the connection is over. */
  readonly closed: Promise<{ code: number; reason: string }>
  send(message: unknown): void
  /** The next message of this type; those before it are skipped. */
  next(type: string): Promise<any>
}

/** Offers a subprotocol and a token; rejects where it is refused. */
export async function speak(realm: Realm, protocol: string, token: string): Promise<SubprotocolClient> {
  const url = new URL('/ws', realm.api.replace('http', 'ws'))
  const socket = new WebSocket(url, [protocol, `unisock.auth.${token}`])
  const messages: any[] = []
  let wake = (): void => {}
  socket.addEventListener('message', ({ data }) => {
    messages.push(JSON.parse(data))
    wake()
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    socket.addEventListener('close', ({ code, reason }) => {
      resolve({ code, reason })
      wake()
    })
  })
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'error').then(() => Promise.reject(new Error('refused'))),
  ])
  return {
    closed,
    send: message => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async next(type) {
      for (;;) {
        const message = messages.shift()
        if (message?.type === type) return message
        if (message) continue
        if (socket.readyState === WebSocket.CLOSED) throw new Error(`no ${type} came`)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    },
    async [Symbol.asyncDispose]() {
      socket.close()
      await closed
    },
  }
}
