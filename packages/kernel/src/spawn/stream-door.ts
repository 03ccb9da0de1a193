/**
 * Where the streams of one child are joined: the worker listens, the process host connects, and the child inherits what it
 * connected. No descriptor has to cross from thread to thread, and a side that dies leaves nothing open.
 * @module
 */
import { once } from 'node:events'
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The worker's side: a local socket in a folder that only this user may enter. */
export class StreamDoor {
  readonly path: string
  readonly #server: Server
  readonly #streams: Socket[] = []
  readonly #all: Promise<readonly Socket[]>

  private constructor(server: Server, path: string, count: number) {
    this.#server = server
    this.path = path
    const { promise, resolve, reject } = Promise.withResolvers<readonly Socket[]>()
    server.on('connection', stream => {
      this.#streams.push(stream)
      if (this.#streams.length === count) resolve(this.#streams)
    })
    server.once('error', reject)
    promise.catch(() => {})
    this.#all = promise
  }

  static async open(count: number): Promise<StreamDoor> {
    const path = join(mkdtempSync(join(tmpdir(), 'unisock-')), 's')
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    const door = new StreamDoor(server, path, count)
    server.listen(path)
    await once(server, 'listening')
    return door
  }

  /** The streams once the host has connected them, in its order. */
  async streams(): Promise<readonly Socket[]> {
    const streams = await this.#all
    this.#server.close()
    return streams
  }

  /** Nobody will come, or nobody needs what came. */
  abandon(): void {
    this.#server.close()
    for (const stream of this.#streams) stream.destroy()
    removeDoor(this.path)
  }
}

/** The host's side: connects so many streams, one after the other, and takes the door away. */
export async function knock(path: string, count: number): Promise<Socket[]> {
  const streams: Socket[] = []
  try {
    while (streams.length < count) {
      const stream = connect({ path, allowHalfOpen: true })
      // What fails later fails for the child too, which is there to notice.
      streams.push(stream.on('error', () => {}))
      await once(stream, 'connect')
    }
    return streams
  } catch (error) {
    for (const stream of streams) stream.destroy()
    throw error
  } finally {
    removeDoor(path)
  }
}

function removeDoor(path: string): void {
  rmSync(path, { force: true })
  try {
    rmdirSync(dirname(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
