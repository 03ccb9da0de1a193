/**
 * An inotify instance (inotify(7)): directories to watch, and what happens in them as it comes.
 * @module
 */
import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { SocketError } from '@unisock/kernel/plugin'
import { openDescriptor } from '../system/descriptor.ts'
import type { System } from '../system/system.ts'

export const IN_MODIFY = 0x2
export const IN_ATTRIB = 0x4
export const IN_CLOSE_WRITE = 0x8
export const IN_MOVED_FROM = 0x40
export const IN_MOVED_TO = 0x80
export const IN_CREATE = 0x100
export const IN_DELETE = 0x200
export const IN_DELETE_SELF = 0x400
export const IN_MOVE_SELF = 0x800
export const IN_UNMOUNT = 0x2000
export const IN_Q_OVERFLOW = 0x4000
export const IN_IGNORED = 0x8000
export const IN_ONLYDIR = 0x1000000
export const IN_EXCL_UNLINK = 0x4000000
export const IN_ISDIR = 0x40000000

/** What is told of a watched directory. */
export const EVERYTHING =
  IN_MODIFY |
  IN_ATTRIB |
  IN_CLOSE_WRITE |
  IN_MOVED_FROM |
  IN_MOVED_TO |
  IN_CREATE |
  IN_DELETE |
  IN_DELETE_SELF |
  IN_MOVE_SELF |
  IN_ONLYDIR |
  IN_EXCL_UNLINK
const HEADER = 16
/** Bytes that are read at once, and the most that an event has: less was read than fits when there was no more. */
const READ_SIZE = 64 * 1024
const MAX_EVENT = HEADER + 256
/** Reads that may wait to be told of. */
const MAX_FETCHED = 512
/** Events that are told of before there is another look for more. */
const SLICE = 256
/** Milliseconds after which others of the thread have their turn. */
const TURN = 10

export interface InotifyEvents {
  /** A name is a string of bytes ('latin1'): file names need not be text. */
  readonly event: (watch: number, mask: number, cookie: number, name: string) => void
  /** All has been told that had happened by then, in milliseconds of the epoch. */
  readonly upTo: (time: number) => void
  readonly error: (error: Error) => void
}

export class Inotify {
  readonly #system: System
  readonly #descriptor: number
  readonly #stream: Socket
  readonly #events: InotifyEvents
  /** What was read and is not told of. */
  readonly #fetched: Buffer[] = []
  /** How much of the first of it was told. */
  #at = 0
  /** When there was last nothing more to read. */
  #emptyAt = 0
  #goingOn: NodeJS.Immediate | undefined
  #closed: Promise<void> | undefined

  /** @throws {SocketError} `EMFILE` when the user has as many instances as the system allows */
  constructor(system: System, events: InotifyEvents) {
    this.#system = system
    this.#events = events
    try {
      this.#descriptor = system.inotifyInit()
    } catch (error) {
      throw explained(
        error,
        'EMFILE',
        'this user has fs.inotify.max_user_instances inotify instances already',
      )
    }
    this.#stream = openDescriptor(system, this.#descriptor, false)
    this.#stream.on('data', (chunk: Buffer) => {
      this.#took(chunk)
      if (!this.#goingOn) this.#goOn()
    })
    this.#stream.on('error', events.error)
  }

  /** Watches the directory at a path; the same number for the same directory. @throws {SocketError} `ENOSPC` and the system's */
  add(path: string | Buffer, mask = EVERYTHING): number {
    try {
      return this.#system.inotifyAddWatch(this.#descriptor, Buffer.from(path as string), mask)
    } catch (error) {
      throw explained(error, 'ENOSPC', 'this user has fs.inotify.max_user_watches watches already')
    }
  }

  remove(watch: number): void {
    this.#system.inotifyRemoveWatch(this.#descriptor, watch)
  }

  /** It has not told all it has read. */
  get behind(): boolean {
    return this.#fetched.length > 0
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
    if (this.#fetched.length > 0 && !this.#goingOn) this.#goOn()
  }

  close(): Promise<void> {
    clearImmediate(this.#goingOn)
    this.#fetched.length = 0
    this.#closed ??= new Promise(resolve => {
      if (this.#stream.closed) resolve()
      else this.#stream.once('close', () => resolve()).destroy()
    })
    return this.#closed
  }

  /** Tells what was read, and looks for more before each piece: the system drops what it has no room for. */
  #goOn(): void {
    this.#goingOn = undefined
    const end = performance.now() + TURN
    while (!this.#stream.isPaused() && !this.#stream.destroyed) {
      this.#fetch()
      const [chunk] = this.#fetched
      if (!chunk) return this.#events.upTo(this.#emptyAt)
      this.#at = this.#tell(chunk, this.#at)
      if (this.#at === chunk.length) {
        this.#fetched.shift()
        this.#at = 0
      }
      if (performance.now() < end) continue
      this.#goingOn = setImmediate(() => this.#goOn())
      return
    }
  }

  #fetch(): void {
    while (this.#fetched.length < MAX_FETCHED) {
      const buffer = Buffer.allocUnsafe(READ_SIZE)
      const length = this.#read(buffer)
      if (length === 0 || this.#took(buffer.subarray(0, length))) return
    }
  }

  /** True: there is no more. */
  #took(chunk: Buffer): boolean {
    this.#fetched.push(chunk)
    if (chunk.length >= READ_SIZE - MAX_EVENT) return false
    this.#emptyAt = Date.now()
    return true
  }

  #read(buffer: Buffer): number {
    try {
      return readSync(this.#descriptor, buffer)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      this.#emptyAt = Date.now()
      return 0
    }
  }

  /** Tells of a slice of what the system gave, whole events as many as fitted; returns where it ends. */
  #tell(chunk: Buffer, from: number): number {
    let at = from
    for (let told = 0; told < SLICE && at < chunk.length; told++) {
      const end = at + HEADER + chunk.readUInt32LE(at + 12)
      const watch = chunk.readInt32LE(at)
      const name = nameIn(chunk, at + HEADER, end)
      this.#events.event(watch, chunk.readUInt32LE(at + 4), chunk.readUInt32LE(at + 8), name)
      at = end
    }
    return at
  }
}

/** Padded with NULs. */
function nameIn(chunk: Buffer, start: number, end: number): string {
  let last = end
  while (last > start && chunk[last - 1] === 0) last--
  return chunk.toString('latin1', start, last)
}

function explained(error: unknown, code: string, why: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== code) return error
  return new SocketError(code, why, { cause: error, retryable: true })
}
