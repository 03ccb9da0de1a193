/**
 * A directory and, where asked for, all below it: inotify's events made into changes, each told once.
 * @module
 */
import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'
import { Folder } from '../permits/folder.ts'
import type { System } from '../system/system.ts'
import type { Change } from './change.ts'
import { Directory, isGone } from './directory.ts'
import { type HalfMove, HalfMoves } from './half-moves.ts'
import {
  IN_ATTRIB,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_IGNORED,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_ONLYDIR,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
  Inotify,
} from './inotify.ts'
import { Writes } from './writes.ts'

/** Milliseconds by which the clock of files may lag behind. */
const CLOCK_LAG = 20

export interface WatchTreeOptions {
  /** The directory to watch. */
  readonly folder: Folder
  readonly recursive: boolean
  /** Milliseconds without a change before one is told. */
  readonly debounce: () => number
  readonly change: (change: Change) => void
  /** A directory below cannot be watched. */
  readonly report: (error: Error) => void
  /** The watched directory is gone. */
  readonly over: (error: Error) => void
}

export class WatchTree {
  readonly #options: WatchTreeOptions
  readonly #inotify: Inotify
  readonly #byWatch = new Map<number, Directory>()
  readonly #root: Directory
  readonly #moves: HalfMoves
  readonly #writes: Writes
  /** The watch of the directory that the watched one is in. */
  readonly #above: number | undefined
  #over = false
  /** When everything that had happened was known; what an overflow loses is later. */
  #upToDate = Date.now()

  /** @throws {SocketError} `EMFILE`, `ENOSPC` */
  constructor(system: System, options: WatchTreeOptions) {
    this.#options = options
    const behind = (): boolean => this.#inotify.behind
    this.#moves = new HalfMoves(move => this.#movedAway(move), behind)
    this.#writes = new Writes(options.debounce, behind, (directory, name) =>
      this.#tell('modified', directory, name, false),
    )
    this.#inotify = new Inotify(system, {
      event: (watch, mask, cookie, name) => this.#event(watch, mask, cookie, name),
      upTo: time => {
        this.#upToDate = time
      },
      error: options.over,
    })
    try {
      const { path, bytes } = options.folder
      this.#root = new Directory(this.#inotify.add(path), undefined, bytes === '/' ? '' : bytes)
      this.#byWatch.set(this.#root.watch, this.#root)
      this.#above = this.#watchAbove(bytes)
      this.#scan(this.#root, false)
    } catch (error) {
      void this.#inotify.close()
      throw error
    }
  }

  get watches(): number {
    return this.#byWatch.size
  }

  pause(): void {
    this.#inotify.pause()
  }

  resume(): void {
    this.#inotify.resume()
  }

  /** Tells that changes may have been lost, and then what differs from what is known. */
  rescan(): void {
    const since = this.#upToDate - CLOCK_LAG
    this.#tellOfRoot('overflow')
    for (const directory of [...this.#root.all()]) this.#compare(directory, since)
  }

  close(): Promise<void> {
    this.#over = true
    this.#byWatch.clear()
    this.#writes.close()
    this.#moves.close()
    return this.#inotify.close()
  }

  #event(watch: number, mask: number, cookie: number, name: string): void {
    if (this.#over) return
    if (mask & IN_Q_OVERFLOW) return this.rescan()
    if (watch === this.#above) return this.#besideRoot(name)
    const directory = this.#byWatch.get(watch)
    if (!directory) return
    const isDirectory = (mask & IN_ISDIR) !== 0
    if (name === '') return this.#itself(directory, mask)
    if (mask & IN_MOVED_TO) return this.#movedTo(directory, name, isDirectory, this.#moves.to(cookie))
    this.#moves.settle(directory, name)
    if (mask & IN_MODIFY) return this.#writes.wrote(directory, name)
    if (mask & IN_CLOSE_WRITE) return this.#writes.closed(directory, name)
    this.#writes.flush(directory, name)
    if (mask & IN_CREATE) return this.#created(directory, name, isDirectory)
    if (mask & IN_DELETE) return this.#deleted(directory, name, isDirectory)
    if (mask & IN_ATTRIB) return this.#tell('attrib', directory, name, isDirectory)
    if (mask & IN_MOVED_FROM && directory.names.delete(name))
      this.#moves.from(cookie, { directory, name, isDirectory })
  }

  #itself(directory: Directory, mask: number): void {
    if (mask & IN_IGNORED) this.#byWatch.delete(directory.watch)
    if (directory !== this.#root) return
    if (mask & IN_UNMOUNT) this.#gone('ENODEV', 'the file system of the watched directory was unmounted')
    else if (mask & (IN_DELETE_SELF | IN_IGNORED)) this.#gone('ENOENT', 'the watched directory was deleted')
    else if (mask & IN_MOVE_SELF) this.#gone('ENOENT', 'the watched directory was renamed')
    else if (mask & IN_ATTRIB) this.#tellOfRoot('attrib')
  }

  /** A deleted directory says so itself only when nobody has a file of it open any more. */
  #watchAbove(path: string): number | undefined {
    try {
      const above = dirname(Buffer.from(path, 'latin1').toString())
      return path === '/' ? undefined : this.#inotify.add(above, IN_DELETE | IN_ONLYDIR)
    } catch {
      // Who may not read it goes without.
      return undefined
    }
  }

  #besideRoot(name: string): void {
    if (this.#root.name.endsWith(`/${name}`)) this.#gone('ENOENT', 'the watched directory was deleted')
  }

  #gone(code: 'ENODEV' | 'ENOENT', message: string): void {
    this.#over = true
    this.#tellOfRoot(code === 'ENODEV' ? 'unmounted' : 'deleted')
    this.#options.over(new SocketError(code, message))
  }

  #created(directory: Directory, name: string, isDirectory: boolean): void {
    // It was found when its directory was scanned.
    if (directory.names.has(name)) return
    directory.names.add(name)
    this.#tell('created', directory, name, isDirectory)
    if (isDirectory) this.#enter(directory, name)
  }

  #deleted(directory: Directory, name: string, isDirectory: boolean): void {
    if (isDirectory) this.#forget(directory.children.get(name))
    // What nobody was told of came and went before its directory was scanned.
    if (directory.names.delete(name)) this.#tell('deleted', directory, name, isDirectory)
  }

  #movedTo(directory: Directory, name: string, isDirectory: boolean, from: HalfMove | undefined): void {
    this.#moves.settle(directory, name)
    this.#writes.flush(directory, name)
    const replaced = directory.names.has(name)
    directory.names.add(name)
    const child = from?.directory.children.get(from.name)
    if (isDirectory) {
      this.#forget(directory.children.get(name))
      child?.moveTo(directory, name)
    }
    if (replaced && !isDirectory) {
      // As editors save: what was written aside takes the place of the file.
      if (from) this.#tell('deleted', from.directory, from.name, false)
      this.#writes.closed(directory, name)
    } else if (from) {
      const { change } = this.#options
      const paths = { path: directory.pathOf(name), from: from.directory.pathOf(from.name) }
      change({ action: 'moved', directory: isDirectory, ...paths })
    } else this.#tell('created', directory, name, isDirectory)
    if (isDirectory && !child) this.#enter(directory, name)
  }

  #movedAway({ directory, name, isDirectory }: HalfMove): void {
    if (isDirectory) this.#forget(directory.children.get(name))
    this.#tell('deleted', directory, name, isDirectory)
  }

  /** Watches a directory that is there, and tells what is in it already. */
  #enter(parent: Directory, name: string, tell = true): void {
    if (!this.#options.recursive) return
    const real = parent.realOf(name)
    let folder: Folder | undefined
    try {
      folder = new Folder(Buffer.from(real, 'latin1'))
      // A link was put in its place, or in that of one above.
      if (folder.bytes !== real) return
      const watch = this.#inotify.add(folder.path)
      const known = this.#byWatch.get(watch)
      if (known) return known.moveTo(parent, name)
      const directory = new Directory(watch, parent, name)
      this.#byWatch.set(watch, directory)
      this.#scan(directory, tell)
    } catch (error) {
      if (!isGone(error)) this.#options.report(error as Error)
    } finally {
      folder?.[Symbol.dispose]()
    }
  }

  #scan(directory: Directory, tell: boolean): void {
    for (const [name, isDirectory] of directory.list()) {
      if (directory.names.has(name)) continue
      directory.names.add(name)
      if (tell) this.#tell('created', directory, name, isDirectory)
      if (isDirectory) this.#enter(directory, name, tell)
    }
  }

  #compare(directory: Directory, since: number): void {
    const there = new Map(directory.list())
    for (const name of directory.names)
      if (!there.has(name)) this.#deleted(directory, name, directory.children.has(name))
    for (const [name, isDirectory] of there)
      if (directory.names.has(name)) {
        if (!isDirectory && changedAt(directory.realOf(name)) >= since)
          this.#tell('modified', directory, name, false)
      } else this.#created(directory, name, isDirectory)
  }

  /** A directory that is not there any more, with all that was below it. */
  #forget(directory: Directory | undefined): void {
    if (!directory) return
    directory.leave()
    for (const each of directory.all()) {
      this.#inotify.remove(each.watch)
      this.#byWatch.delete(each.watch)
    }
  }

  #tell(
    action: 'created' | 'modified' | 'deleted' | 'attrib',
    directory: Directory,
    name: string,
    isDirectory: boolean,
  ): void {
    this.#options.change({ action, path: directory.pathOf(name), directory: isDirectory })
  }

  #tellOfRoot(action: 'overflow' | 'deleted' | 'unmounted' | 'attrib'): void {
    this.#options.change({ action, path: '', directory: true })
  }
}

/** When a file was last written, or exchanged for another; in milliseconds. */
function changedAt(path: string): number {
  try {
    return lstatSync(Buffer.from(path, 'latin1')).ctimeMs
  } catch (error) {
    if (isGone(error)) return 0
    throw error
  }
}
