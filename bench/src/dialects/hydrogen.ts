/**
 * hydrogen-protocol: a client has a session, and subscribes to a topic, with a filter or without.
 * @module
 */
import type { WebSocket } from 'ws'
import { type Dialect, message } from './dialect.ts'

export const KEY = 'the key of the bench'
export const TOPIC = 'bench.events'
/** Published with every event, so that filters have something to look at. */
export const ATTRIBUTES = { zone: 'north', level: 3 }

const FILTER = {
  and: [
    { attr: 'zone', op: 'in', value: ['north', 'east'] },
    { attr: 'level', op: 'gte', value: 2 },
  ],
}

/** Where a client is. */
interface Joined {
  token: string
  epoch: string
  offset: number
}

let commands = 0

const speaking = (filter?: object): Dialect => ({
  protocol: 'hydrogen-protocol',
  headers: { Authorization: `Key ${KEY}` },
  async join(socket): Promise<Joined> {
    const { token } = await command(socket, 'connect')
    const { epoch, offset } = await command(socket, 'subscribe', { topic: TOPIC, filter })
    return { token, epoch, offset }
  },
  async rejoin(socket, joined): Promise<void> {
    const at = joined as Joined
    const { token, topics } = await command(socket, 'resume', {
      token: at.token,
      topics: { [TOPIC]: { epoch: at.epoch, offset: at.offset } },
    })
    if (!topics[TOPIC].recovered) throw new Error(`not recovered: ${JSON.stringify(topics)}`)
    at.token = token
  },
  onEvent(event, joined) {
    ;(joined as Joined).offset = JSON.parse(event.toString()).offset
  },
  echo: text => own('echo', { text }),
  publish: own('publish'),
  block: own('block'),
})

export const hydrogen = speaking()
export const hydrogenFiltered = speaking(FILTER)

/** A command that the program runs. */
function own(action: string, data: object = {}): string {
  return JSON.stringify({ type: 'command', id: '0', channel: 'bench', action, data })
}

async function command(socket: WebSocket, action: string, data: object = {}): Promise<any> {
  const id = String(++commands)
  const answered = message(socket, text => text.includes(`"re":"${id}"`))
  socket.send(JSON.stringify({ type: 'command', id, channel: 'system', action, data }))
  const { ok, data: answer, error } = JSON.parse(await answered)
  if (!ok) throw new Error(`${action}: ${JSON.stringify(error)}`)
  return answer
}
