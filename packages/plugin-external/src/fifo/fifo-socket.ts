/**
 * Mode 42: a named pipe, read from `bind` on and written from `connect` on.
 * @module
 */
import { fstatSync, lstatSync, unlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { basename, dirname, isAbsolute, join } from 'node:path'
import {
  type Addr,
  type CloseOptions,
  type Driver,
  type EmitOptions,
  libraryFailure,
  type PluginSocket,
  SO_LINGER,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { EXTERNAL_BUFFER_SIZE, EXTERNAL_TIMEOUT } from '../options.ts'
import { type Folder, permitFolder } from '../permits/folder.ts'
import { permitsOf } from '../permits/permits.ts'
import { currentSystem } from '../system/load.ts'
import { O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY, type System } from '../system/system.ts'

/** Milliseconds between two looks for a reader: at first, and at most. */
const FIRST_LOOK = 5
const LAST_LOOK = 250
const HANDED_OVER: EmitOptions = { transfer: true }
/** The row that says which pipe was made here, so that a restarted worker still takes it away. */
const MADE = 'made'

interface Made {
  readonly path: string
  readonly inode: string
}

export class FifoSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #system: System = currentSystem('EXTERNAL_FIFO')
  #reader: Socket | undefined
  #writer: Socket | undefined
  #made: Made | undefined
  /** The owner writes no more. */
  #ended = false
  readonly #closing = new AbortController()

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#made = socket.kept.get(MADE) as Made | undefined
  }

  /** Makes or opens the pipe. @throws {SocketError} `ESECURITY`, `ENOENT`, and `EADDRINUSE` for what is no pipe */
  bind(at: Target): Addr {
    const path = pathOf(at, 'bind')
    const { folder, name, real } = this.#open(path)
    try {
      const there = Buffer.from(`${folder.path}/${name}`)
      const made = this.#make(there)
      const descriptor = this.#openPipe(there, O_RDWR, path)
      if (made) this.#keep({ path: real, inode: inodeOf(fstatSync(descriptor)) })
      this.#read(descriptor, real)
    } catch (error) {
      throw libraryFailure(error, 'bind')
    } finally {
      folder[Symbol.dispose]()
    }
    return { address: real, port: 0, family: 'local' }
  }

  /** Resolves once somebody reads the pipe. @throws {SocketError} `ESECURITY`, `ENOENT`, `ENOTSUP` for what is no pipe, `ETIMEDOUT` */
  async connect(to: Target): Promise<Addr> {
    const path = pathOf(to, 'connect')
    const timeout = this.#socket.option(EXTERNAL_TIMEOUT)
    const deadline = timeout > 0 ? performance.now() + timeout * 1000 : Infinity
    for (let pause = FIRST_LOOK; ; pause = Math.min(LAST_LOOK, pause * 2)) {
      const address = this.#tryConnect(path)
      if (address !== undefined) return { address, port: 0, family: 'local' }
      if (performance.now() + pause > deadline)
        throw new SocketError('ETIMEDOUT', `nobody read ${path} within EXTERNAL_TIMEOUT`)
      await sleep(pause, this.#closing.signal)
    }
  }

  write(data: string | Uint8Array): boolean {
    if (this.#writer) return this.#writer.write(data)
    throw new SocketError(
      'ENOTCONN',
      this.#reader ? 'a pipe that is bound is read; connect to write one' : 'connect first',
      { op: 'write' },
    )
  }

  resume(): void {
    this.#reader?.resume()
  }

  /** Nothing more is written; a pipe that is read on the same fd stays. */
  end(): void {
    const writer = this.#writer
    this.#ended = true
    // Only sockets can be shut down: the last bytes are waited for.
    writer?.write('', () => writer.destroy())
  }

  inspect(): unknown {
    return { reads: this.#reader !== undefined, writes: this.#writer !== undefined }
  }

  async close({ abort = false }: CloseOptions): Promise<void> {
    this.#closing.abort()
    this.#reader?.destroy()
    this.#unmake()
    const writer = this.#writer
    if (!writer || writer.closed) return
    const closed = new Promise<void>(resolve => writer.once('close', () => resolve()))
    if (abort || writer.writableLength === 0) writer.destroy()
    else {
      const deadline = setTimeout(() => writer.destroy(), this.#socket.option(SO_LINGER) * 1000)
      void closed.then(() => clearTimeout(deadline))
      this.end()
    }
    await closed
  }

  #open(path: string): { folder: Folder; name: string; real: string } {
    const permits = permitsOf(this.#socket)
    const name = basename(path)
    // The pipe itself may be listed, its directory need not be.
    const folder = permitFolder(
      dirname(path),
      { covers: real => permits.covers(join(real, name)) },
      'EXTERNAL_FIFO',
    )
    return { folder, name, real: join(folder.real, name) }
  }

  #make(path: Buffer): boolean {
    try {
      this.#system.makeFifo(path)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  }

  /** Opening never blocks, and what is no pipe is not even opened. */
  #openPipe(there: Buffer, flags: number, path: string): number {
    if (lstatSync(there).isFIFO()) {
      const descriptor = this.#system.open(there, flags | O_NONBLOCK | O_NOFOLLOW)
      if (fstatSync(descriptor).isFIFO()) return descriptor
      this.#system.close(descriptor)
    }
    throw new SocketError(
      flags === O_RDWR ? 'EADDRINUSE' : 'ENOTSUP',
      `${path} is there and is no named pipe`,
    )
  }

  /** Open for writing as well, so that the last writer's going is not the end of it. */
  #read(descriptor: number, path: string): void {
    const socket = this.#socket
    const size = socket.option(EXTERNAL_BUFFER_SIZE)
    if (size !== undefined) this.#system.setPipeSize(descriptor, size)
    const stream = new Socket({ fd: descriptor, readable: true, writable: false })
    stream.on('data', chunk => {
      if (!socket.emit([path, chunk], HANDED_OVER)) stream.pause()
    })
    this.#over(stream)
    this.#reader = stream
  }

  /** Undefined: nobody reads it yet. */
  #tryConnect(path: string): string | undefined {
    const { folder, name, real } = this.#open(path)
    try {
      const descriptor = this.#openPipe(Buffer.from(`${folder.path}/${name}`), O_WRONLY, path)
      const size = this.#socket.option(EXTERNAL_BUFFER_SIZE)
      if (size !== undefined) this.#system.setPipeSize(descriptor, size)
      this.#writer = new Socket({ fd: descriptor, readable: false, writable: true })
      this.#writer.on('drain', () => this.#socket.drained())
      this.#over(this.#writer)
      return real
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined
      throw libraryFailure(error, 'connect')
    } finally {
      folder[Symbol.dispose]()
    }
  }

  /** A pipe ends with an error only: its reader has gone. */
  #over(stream: Socket): void {
    let failure: Error | undefined
    stream.on('error', error => (failure = error))
    stream.on('close', () => {
      if (stream === this.#writer && this.#ended && this.#reader) return
      this.#socket.close(failure && libraryFailure(failure))
      this.#reader?.destroy()
      this.#writer?.destroy()
      this.#unmake()
    })
  }

  #keep(made: Made): void {
    this.#made = made
    this.#socket.keep(MADE, made)
  }

  /** Takes away what was made here, unless another is in its place. */
  #unmake(): void {
    const made = this.#made
    this.#made = undefined
    if (!made) return
    try {
      if (inodeOf(lstatSync(made.path)) === made.inode) unlinkSync(made.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

function inodeOf({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`
}

/** @throws {SocketError} `EBADADDR` */
function pathOf({ path }: Target, op: 'bind' | 'connect'): string {
  if (path !== undefined && isAbsolute(path) && !path.includes('\0') && !path.endsWith('/')) return path
  throw new SocketError('EBADADDR', `a named pipe has an absolute path: ${op}(fd, '/run/pipe')`, { op })
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer)
      reject(new SocketError('ECANCELED', 'closed while waiting for a reader'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel)
      resolve()
    }, ms)
    signal.addEventListener('abort', cancel, { once: true })
    if (signal.aborted) cancel()
  })
}
