/**
 * What every HTTP client does: wait to be told of a server, and ask it, so many requests at once, until it is told no more.
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { serving } from './report.ts'

/** Requests at once, and connections for them. */
export const AT_ONCE = 64

export interface Asker {
  /** Asks once, and reads the answer's JSON. */
  ask(): Promise<unknown>
  close(): Promise<unknown>
}

export async function asking(connect: (url: string) => Promise<Asker>): Promise<void> {
  const server = createServer(async control => {
    let over = false
    control.on('error', () => {}).on('close', () => (over = true))
    const [port] = (await once(control, 'data')) as [Buffer]
    const asker = await connect(`http://127.0.0.1:${port}`)
    const one = async (): Promise<void> => {
      while (!over) await asker.ask()
    }
    await Promise.allSettled(Array.from({ length: AT_ONCE }, one))
    await asker.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  serving((server.address() as AddressInfo).port)
}
