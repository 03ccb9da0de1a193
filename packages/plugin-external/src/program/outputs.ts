/**
 * What a program writes, on its way to the owner: read as far as there is credit.
 * @module
 */
import type { Socket } from 'node:net'
import type { EmitOptions, PluginSocket } from '@unisock/kernel/plugin'

const HANDED_OVER: EmitOptions = { transfer: true }

export interface Output {
  readonly stream: Socket
  readonly event: 'stdout' | 'stderr' | 'data'
}

export class Outputs {
  /** Resolves when the program's side of every output is closed, and everything was emitted. */
  readonly ended: Promise<void>
  readonly #streams: readonly Socket[]
  /** No credit is left. */
  #held = false

  constructor(
    socket: PluginSocket,
    pid: number,
    outputs: readonly Output[],
    onEnd: (stream: Socket) => void,
  ) {
    this.#streams = outputs.map(output => output.stream)
    const over = outputs.map(({ stream, event }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      stream.on('data', chunk => {
        if (!socket.emit([event, pid, chunk], HANDED_OVER)) this.#hold()
      })
      stream.once('end', () => {
        resolve()
        onEnd(stream)
      })
      stream.once('close', () => resolve())
      stream.resume()
      return promise
    })
    this.ended = Promise.all(over).then(() => {})
  }

  get held(): boolean {
    return this.#held
  }

  resume(): void {
    this.#held = false
    for (const stream of this.#streams) stream.resume()
  }

  /** Whatever comes is thrown away. */
  discard(): void {
    for (const stream of this.#streams) stream.removeAllListeners('data')
    this.resume()
  }

  #hold(): void {
    this.#held = true
    for (const stream of this.#streams) stream.pause()
  }
}
