/**
 * Modes 40 and 41: a program, its streams and its end.
 * @module
 */
import type { Socket } from 'node:net'
import {
  type Addr,
  type Child,
  type ChildExit,
  type ChildStdio,
  type CloseOptions,
  type Driver,
  libraryFailure,
  type PluginSocket,
  SO_HALF_OPEN,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { noAddress } from '../no-address.ts'
import { EXTERNAL_ASYNC, EXTERNAL_BUFFER_SIZE, EXTERNAL_KILL_GRACE, EXTERNAL_TIMEOUT } from '../options.ts'
import { descriptorOf } from '../system/descriptor.ts'
import { currentSystem } from '../system/load.ts'
import { exitError, exitWire } from './exit.ts'
import { type Output, Outputs } from './outputs.ts'
import { spawnRequest } from './request.ts'

/** Which descriptor of the child is which stream, and what the streams are called. The first is its input. */
export interface Layout {
  readonly stdio: readonly ChildStdio[]
  readonly outputs: readonly { readonly stream: number; readonly event: Output['event'] }[]
}

export class ProgramSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #layout: Layout
  #started = false
  #child: Child | undefined
  #outputs: Outputs | undefined
  /** Settles when it has ended and what it wrote was told. */
  #over: Promise<ChildExit> | undefined
  #timedOut = false
  #timers = new Set<NodeJS.Timeout>()

  constructor(socket: PluginSocket, layout: Layout) {
    this.#socket = socket
    this.#layout = layout
  }

  bind(at: Target): Promise<Addr> {
    noAddress(at, 'bind')
    return this.#start('bind')
  }

  connect(to: Target): Promise<Addr> {
    noAddress(to, 'connect')
    return this.#start('connect')
  }

  write(data: string | Uint8Array): boolean {
    const input = this.#child?.streams[0]
    if (!input) throw new SocketError('ENOTCONN', 'the program runs from bind or connect on')
    if (input.writable) return input.write(data)
    this.#socket.error(new SocketError('EPIPE', 'the program has closed its input', { op: 'write' }))
    return true
  }

  resume(): void {
    this.#outputs?.resume()
  }

  end(): void {
    this.#child?.streams[0]?.end()
  }

  inspect(): unknown {
    return { process_id: this.#child?.pid ?? null }
  }

  async drain(): Promise<void> {
    const child = this.#child
    if (!child) return
    this.end()
    child.end()
    await child.exited
  }

  /** The end of its input, then SIGTERM, then SIGKILL. */
  async close({ abort = false }: CloseOptions): Promise<void> {
    const child = this.#child
    if (!child) return
    this.#outputs!.discard()
    if (abort) child.end({ now: true })
    else this.#endGently(child)
    await child.exited
    this.#release(child)
  }

  async #start(op: 'bind' | 'connect'): Promise<Addr> {
    if (this.#started) throw new SocketError('EISCONN', 'the program was started already')
    this.#started = true
    const socket = this.#socket
    let child: Child
    let file: string
    try {
      if (socket.option(EXTERNAL_BUFFER_SIZE) !== undefined) currentSystem('EXTERNAL_BUFFER_SIZE')
      const request = spawnRequest(socket, this.#layout.stdio)
      file = request.file
      child = await socket.spawn(request)
    } catch (error) {
      this.#started = false
      throw libraryFailure(error, op)
    }
    this.#run(child)
    if (!socket.option(EXTERNAL_ASYNC)) {
      this.end()
      await this.#over
    }
    return { address: file, port: 0, family: 'local' }
  }

  #run(child: Child): void {
    const socket = this.#socket
    this.#child = child
    const input = child.streams[0]!
    for (const stream of child.streams) stream.on('error', error => this.#failed(stream, error))
    input.on('drain', () => socket.drained())
    const size = socket.option(EXTERNAL_BUFFER_SIZE)
    if (size !== undefined) currentSystem('EXTERNAL_BUFFER_SIZE').setSendBuffer(descriptorOf(input), size)
    const outputs = this.#layout.outputs.map(({ stream, event }) => ({
      stream: child.streams[stream]!,
      event,
    }))
    this.#outputs = new Outputs(socket, child.pid, outputs, stream => {
      if (stream === input) this.#halfClosed(child)
    })
    if (!outputs.some(output => output.stream === input)) input.resume()
    const timeout = socket.option(EXTERNAL_TIMEOUT)
    if (timeout > 0)
      this.#later(timeout, () => {
        this.#timedOut = true
        child.end()
      })
    this.#over = this.#toldAll(child)
    void this.#over.then(exit => this.#exited(child, exit))
  }

  /** Writing to a program that reads no more; the rest its end tells. */
  #failed(stream: Socket, error: Error): void {
    if (stream !== this.#child?.streams[0]) return
    this.#socket.drained()
    if (!this.#socket.ended) this.#socket.error(libraryFailure(error, 'write'))
  }

  /** The program sends no more but runs on. Answered with the end, as everywhere, unless the owner keeps its half. */
  #halfClosed(child: Child): void {
    if (this.#socket.option(SO_HALF_OPEN)) this.#socket.end()
    else this.#endGently(child)
  }

  #endGently(child: Child): void {
    child.streams[0]!.end()
    this.#later(this.#socket.option(EXTERNAL_KILL_GRACE), () => child.end())
  }

  #exited(child: Child, exit: ChildExit): void {
    const socket = this.#socket
    if (!socket.ended) {
      socket.emit(exitWire(child.pid, exit))
      socket.close(exitError(exit, child.pid, this.#timedOut))
    }
    this.#release(child)
  }

  /** A stray that holds its streams is waited for as long as a program that was asked to end. */
  async #toldAll(child: Child): Promise<ChildExit> {
    const exit = await child.exited
    const outputs = this.#outputs!
    const giveUp = (): void => {
      if (outputs.held) this.#later(this.#socket.option(EXTERNAL_KILL_GRACE), giveUp)
      else for (const stream of child.streams) stream.destroy()
    }
    this.#later(this.#socket.option(EXTERNAL_KILL_GRACE), giveUp)
    await outputs.ended
    return exit
  }

  #release(child: Child): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    for (const stream of child.streams) stream.destroy()
  }

  #later(seconds: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, seconds * 1000)
    this.#timers.add(timer)
  }
}
