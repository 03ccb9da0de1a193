/**
 * The WebSockets of the realm, on the port of its API: who shows a token of the API is let in, and speaks the
 * subprotocol that was agreed on.
 * @module
 */
import {
  type Fd,
  type Kernel,
  RATE_LIMIT_CONNECTIONS,
  RATE_LIMIT_MESSAGES,
  SO_MAX_CONNECTIONS,
} from '@unisock/kernel'
import { WEBSOCKET_SERVER, WS_AUTH, WS_MAX_MESSAGE_SIZE, WS_PROTOCOL } from '@unisock/plugin-ws'
import type { House } from '../house.ts'
import { Conversation } from './conversation.ts'
import type { Subprotocols } from './subprotocol.ts'

const PATH = '/ws'
const MAX_CONNECTIONS = 600
const MAX_MESSAGE = 8192

export async function openSockets(
  kernel: Kernel,
  house: House,
  on: Fd<any>,
  subprotocols: Subprotocols,
): Promise<Disposable> {
  const conversations = new Map<Fd, Conversation>()
  const server = kernel.create(WEBSOCKET_SERVER, {
    open(fd) {
      const hungUp = (): void => void conversations.delete(fd)
      conversations.set(fd, new Conversation(kernel, fd, house, subprotocols, hungUp))
    },
    message: (fd, message) => conversations.get(fd)?.receive(message),
    close: fd => conversations.get(fd as Fd)?.lost(),
  })
  void kernel.setOption(
    server,
    WS_PROTOCOL,
    Object.keys(subprotocols).map(name => ({ name, required: true })),
  )
  void kernel.setOption(server, WS_AUTH, { jwt: house.accounts.secret })
  void kernel.setOption(server, WS_MAX_MESSAGE_SIZE, MAX_MESSAGE)
  void kernel.setOption(server, SO_MAX_CONNECTIONS, MAX_CONNECTIONS)
  void kernel.setOption(server, RATE_LIMIT_CONNECTIONS, { rate: 5, burst: 60 })
  void kernel.setOption(server, RATE_LIMIT_MESSAGES, { rate: 10, burst: 40 })
  await kernel.bind(server, { on, path: PATH })
  await kernel.listen(server)
  return house.world.watch(event => {
    for (const conversation of [...conversations.values()]) conversation.happened(event)
  })
}
