/** The mosquitto broker, as a process of its own that may be stopped and started again. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Peer } from './peer.ts'

export interface MosquittoOptions {
  /** Lines of its configuration besides port and persistence. @default 'allow_anonymous true' */
  config?: string
}

export class Mosquitto implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'unisock-mosquitto-'))
  readonly port: number
  readonly #program: string
  #peer: Peer | undefined

  private constructor(program: string, port: number, { config = 'allow_anonymous true' }: MosquittoOptions) {
    this.#program = program
    this.port = port
    writeFileSync(
      this.#path,
      [
        `listener ${port} 127.0.0.1`,
        'persistence true',
        `persistence_location ${this.directory}/`,
        'max_queued_messages 0',
        // As root it would become another user, who may not write here.
        'user root',
        config,
        '',
      ].join('\n'),
    )
  }

  static async start(program: string, options: MosquittoOptions = {}): Promise<Mosquitto> {
    const mosquitto = new Mosquitto(program, await freePort(), options)
    await mosquitto.start()
    return mosquitto
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.#peer = new Peer(this.#program, ['-c', this.#path])
    await this.#peer.said(/mosquitto version [\d.]+ running/)
  }

  /** By SIGTERM: it saves what it has. */
  async stop(): Promise<void> {
    await this.#peer?.terminate()
    this.#peer = undefined
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer?.[Symbol.asyncDispose]()
    rmSync(this.directory, { recursive: true })
  }

  get #path(): string {
    return join(this.directory, 'mosquitto.conf')
  }
}

/** One of mosquitto's own clients, run to its end. */
export async function runClient(program: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(program, args)).stdout
}

/** It cannot say which one it was given. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
