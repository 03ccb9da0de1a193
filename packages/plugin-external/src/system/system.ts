/**
 * The calls of the system that Node has not.
 * @module
 */
import { getSystemErrorMap } from 'node:util'

/** open(2), fcntl(2), eventfd(2), inotify(7), socket(7) of Linux. */
export const O_RDWR = 2
export const O_WRONLY = 1
export const O_NONBLOCK = 0o4000
export const O_NOFOLLOW = process.arch === 'arm64' ? 0o100000 : 0o400000
export const O_CLOEXEC = 0o2000000
export const F_DUPFD_CLOEXEC = 1030
export const F_SETPIPE_SZ = 1031
export const EFD_SEMAPHORE = 1
export const SOL_SOCKET = 1
export const SO_SNDBUF = 7

/** libc's functions as they are; -1 is an error, whose number is read at once. */
export interface Functions {
  eventfd(initial: number, flags: number): number
  inotify_init1(flags: number): number
  inotify_add_watch(descriptor: number, path: Uint8Array, mask: number): number
  inotify_rm_watch(descriptor: number, watch: number): number
  mkfifo(path: Uint8Array, mode: number): number
  open(path: Uint8Array, flags: number): number
  pipe2(pair: Uint8Array, flags: number): number
  fcntl(descriptor: number, command: number, argument: number): number
  setsockopt(descriptor: number, level: number, name: number, value: Uint8Array, length: number): number
  close(descriptor: number): number
  errno(): number
}

const NAMES = new Map(Array.from(getSystemErrorMap(), ([number, [code, text]]) => [-number, { code, text }]))

/**
 * The calls, none of which blocks. Descriptors that they make are their maker's to close: Node closes those that it opened
 * itself in a worker thread once more when the thread ends, and by then their numbers may be others'.
 */
export class System {
  readonly #functions: Functions

  constructor(functions: Functions) {
    this.#functions = functions
  }

  eventfd(flags: number): number {
    return this.#check('eventfd', this.#functions.eventfd(0, flags | O_NONBLOCK | O_CLOEXEC))
  }

  inotifyInit(): number {
    return this.#check('inotify_init1', this.#functions.inotify_init1(O_NONBLOCK | O_CLOEXEC))
  }

  inotifyAddWatch(descriptor: number, path: Buffer, mask: number): number {
    return this.#check(
      'inotify_add_watch',
      this.#functions.inotify_add_watch(descriptor, terminated(path), mask),
    )
  }

  /** Nothing happens when the watch has gone by itself. */
  inotifyRemoveWatch(descriptor: number, watch: number): void {
    this.#functions.inotify_rm_watch(descriptor, watch)
  }

  /** For this user alone. */
  makeFifo(path: Buffer): void {
    this.#check('mkfifo', this.#functions.mkfifo(terminated(path), 0o600))
  }

  open(path: Buffer, flags: number): number {
    return this.#check('open', this.#functions.open(terminated(path), flags | O_CLOEXEC))
  }

  pipe(): [read: number, write: number] {
    const pair = Buffer.alloc(8)
    this.#check('pipe2', this.#functions.pipe2(pair, O_NONBLOCK | O_CLOEXEC))
    return [pair.readInt32LE(0), pair.readInt32LE(4)]
  }

  duplicate(descriptor: number): number {
    return this.#check('fcntl', this.#functions.fcntl(descriptor, F_DUPFD_CLOEXEC, 0))
  }

  /** Bytes that a pipe holds. */
  setPipeSize(descriptor: number, bytes: number): void {
    this.#check('fcntl', this.#functions.fcntl(descriptor, F_SETPIPE_SZ, bytes))
  }

  /** Bytes that a socket holds of what is sent on it. */
  setSendBuffer(descriptor: number, bytes: number): void {
    const value = Buffer.alloc(4)
    value.writeInt32LE(bytes)
    this.#check('setsockopt', this.#functions.setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, value, 4))
  }

  close(descriptor: number): void {
    this.#functions.close(descriptor)
  }

  #check(call: string, result: number): number {
    if (result >= 0) return result
    const number = this.#functions.errno()
    const { code, text } = NAMES.get(number) ?? { code: `E${number}`, text: 'unknown error' }
    throw Object.assign(new Error(`${code}: ${text}, ${call}`), { code, syscall: call })
  }
}

function terminated(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.alloc(1)])
}
