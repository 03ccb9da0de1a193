/**
 * Mode 44: a directory or a file that is watched.
 * @module
 */
import { statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  type Addr,
  type Driver,
  libraryFailure,
  type PluginSocket,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { noAddress } from '../no-address.ts'
import {
  EXTERNAL_WATCH_DEBOUNCE,
  EXTERNAL_WATCH_GLOBS,
  EXTERNAL_WATCH_PATH,
  EXTERNAL_WATCH_RECURSIVE,
} from '../options.ts'
import type { WatchWire } from '../owner/watch.ts'
import { permitFolder } from '../permits/folder.ts'
import { permitsOf } from '../permits/permits.ts'
import { currentSystem } from '../system/load.ts'
import type { System } from '../system/system.ts'
import { type Change, decode } from './change.ts'
import { type Filter, globFilter } from './globs.ts'
import { WatchTree } from './watch-tree.ts'

/**
 * Changes that wait for credit before nothing more is read. The system holds 16384 events of its own and drops what is
 * more, so that a burst is read while it lasts.
 */
const MAX_WAITING = 200_000
/** The row that says that a worker which was lost had been watching. */
const WATCHING = 'watching'

export class WatchSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #system: System = currentSystem('EXTERNAL_INOTIFY')
  #tree: WatchTree | undefined
  #root = ''
  #filter: Filter = () => true
  /** The name of the file, where it is one that is watched. */
  #file: string | undefined
  /** Why nothing is watched any more. */
  #over: Error | undefined
  #waiting: WatchWire[] = []
  #next = 0
  #held = false

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** @throws {SocketError} `EINVAL` without a path, `ESECURITY`, `ENOENT`, `EMFILE`, `ENOSPC` */
  bind(at: Target): Addr {
    const path = this.#pathOf(at)
    const restarted = this.#socket.kept.has(WATCHING)
    try {
      this.#watch(path)
    } catch (error) {
      throw libraryFailure(error, 'bind')
    }
    if (restarted) this.#tree!.rescan()
    this.#socket.keep(WATCHING, true)
    return { address: path, port: 0, family: 'local' }
  }

  setOption(option: number): void {
    if (option === EXTERNAL_WATCH_GLOBS && this.#tree) this.#setFilter()
  }

  resume(): void {
    this.#held = false
    while (this.#next < this.#waiting.length && !this.#held)
      this.#held = !this.#socket.emit(this.#waiting[this.#next++])
    if (this.#held) return
    this.#waiting = []
    this.#next = 0
    if (this.#over) this.#socket.close(this.#over)
    else this.#tree?.resume()
  }

  inspect(): unknown {
    return { watches: this.#tree?.watches ?? 0, waiting: this.#waiting.length - this.#next }
  }

  async close(): Promise<void> {
    await this.#tree?.close()
  }

  #pathOf(at: Target): string {
    if (at.path !== undefined) return at.path
    noAddress(at, 'bind')
    const path = this.#socket.option(EXTERNAL_WATCH_PATH) as string | undefined
    if (path !== undefined) return path
    throw new SocketError('EINVAL', 'name what to watch, by bind or by EXTERNAL_WATCH_PATH')
  }

  #watch(path: string): void {
    const socket = this.#socket
    // A file that is replaced is another: what is watched is its directory.
    const file = isFile(path) ? basename(path) : undefined
    this.#file = file
    const permits = permitsOf(socket)
    const covers = (real: string): boolean => permits.covers(file === undefined ? real : join(real, file))
    const folder = permitFolder(file === undefined ? path : dirname(path), { covers }, 'EXTERNAL_INOTIFY')
    try {
      this.#root = folder.real === '/' ? '' : folder.real
      this.#setFilter()
      this.#tree = new WatchTree(this.#system, {
        folder,
        recursive: file === undefined && socket.option(EXTERNAL_WATCH_RECURSIVE),
        debounce: () => socket.option(EXTERNAL_WATCH_DEBOUNCE),
        change: change => this.#tell(change),
        report: error => void socket.error(libraryFailure(error)),
        over: error => this.#end(error),
      })
    } finally {
      folder[Symbol.dispose]()
    }
  }

  #setFilter(): void {
    const file = this.#file
    this.#filter =
      file === undefined ? globFilter(this.#socket.option(EXTERNAL_WATCH_GLOBS)) : name => name === file
  }

  /** Behind the changes that wait. */
  #end(error: Error): void {
    this.#over = libraryFailure(error)
    void this.#tree?.close()
    if (!this.#held) this.#socket.close(this.#over)
  }

  #tell({ action, path, directory, from }: Change): void {
    const name = decode(path)
    const old = from === undefined ? undefined : decode(from)
    if (name !== '' && !this.#filter(name) && (old === undefined || !this.#filter(old))) return
    const at = name === '' ? this.#root : `${this.#root}/${name}`
    const wire: WatchWire =
      old === undefined
        ? [action, name, at, directory]
        : [action, name, at, directory, old, `${this.#root}/${old}`]
    if (!this.#held) {
      this.#held = !this.#socket.emit(wire)
      return
    }
    this.#waiting.push(wire)
    if (this.#waiting.length >= MAX_WAITING) this.#tree!.pause()
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
