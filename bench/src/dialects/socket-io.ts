/**
 * Socket.IO 5 in Engine.IO 4, over a WebSocket from the beginning.
 * @module
 */
import { type Dialect, message } from './dialect.ts'

/** Where a client is. */
interface Joined {
  sid: string
  pid: string | undefined
  offset: string | undefined
}

const CONNECTED = '40{'
const PING = 0x32
const PONG = '3'

export const socketIo: Dialect = {
  path: '/socket.io/?EIO=4&transport=websocket',
  async greet(socket) {
    await connect(socket, '40')
  },
  async join(socket): Promise<Joined> {
    const { sid, pid } = await connect(socket, '40')
    return { sid, pid, offset: undefined }
  },
  async rejoin(socket, joined): Promise<void> {
    const at = joined as Joined
    const { sid } = await connect(socket, `40${JSON.stringify({ pid: at.pid, offset: at.offset })}`)
    if (sid !== at.sid) throw new Error('not recovered')
  },
  onEvent(event, joined) {
    ;(joined as Joined).offset = JSON.parse(event.toString('utf8', 2)).at(-1)
  },
  answer(socket, data) {
    if (data.length === 1 && data[0] === PING) socket.send(PONG)
  },
  echo: text => own('echo', text),
  publish: own('publish'),
  block: own('block'),
}

function own(event: string, ...values: string[]): string {
  return `42${JSON.stringify([event, ...values])}`
}

async function connect(
  socket: Parameters<Dialect['join']>[0],
  text: string,
): Promise<{ sid: string; pid?: string }> {
  const connected = message(socket, answer => answer.startsWith(CONNECTED))
  socket.send(text)
  return JSON.parse((await connected).slice(2))
}
