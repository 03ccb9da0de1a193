/**
 * What every MQTT publisher does: wait to be told of a broker, and publish to it, some messages a loop turn, until it is
 * told no more.
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { serving } from './report.ts'

export const TOPIC = 'mud/rooms/17/events'
export const PAYLOAD = 'm'.repeat(64)
export const QOS = Number(process.argv[2]) as 0 | 1

const A_TURN = 64

export interface Publisher {
  /** Publishes one message; false: wait for `room`. */
  publish(): boolean
  room(): Promise<void>
  close(): void
}

export async function publishing(connect: (url: string) => Promise<Publisher>): Promise<void> {
  const server = createServer(async control => {
    let over = false
    const closed = new Promise<void>(resolve => {
      control
        .on('error', () => {})
        .on('close', () => {
          over = true
          resolve()
        })
    })
    const [port] = (await once(control, 'data')) as [Buffer]
    const publisher = await connect(`mqtt://127.0.0.1:${port}`)
    while (!over) {
      let room = true
      for (let i = 0; i < A_TURN && room; i++) room = publisher.publish()
      await (room ? new Promise(setImmediate) : Promise.race([publisher.room(), closed]))
    }
    publisher.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  serving((server.address() as AddressInfo).port)
}
