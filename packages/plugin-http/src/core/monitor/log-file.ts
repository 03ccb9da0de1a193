/**
 * A file that lines are appended to: written in blocks, and opened anew when a rotator has moved it away.
 * @module
 */
import { fstat, stat } from 'node:fs'
import { promisify } from 'node:util'
import { libraryFailure } from '@unisock/kernel/plugin'
import sonic, { type SonicBoom } from 'sonic-boom'

/** Bytes that are written at once, and how long (ms) fewer wait for more. */
const BLOCK = 8 * 1024
const WAIT = 200
/** How often (ms) is looked whether the file is still there. */
const CHECK_INTERVAL = 1000
/** Bytes that wait at most for a disk that takes none; lines beyond are lost. */
const MAX_WAITING = 2 ** 20

const statusOf = promisify(fstat)
const statusAt = promisify(stat)

/** Who is told of a file's troubles. */
export interface LogWatcher {
  /** It cannot be written: once, until it can be again. */
  trouble(error: Error): void
  /** So many lines found no place. */
  lost(lines: number): void
}

export class LogFile {
  readonly #path: string
  readonly #watcher: LogWatcher
  #file: SonicBoom
  /** The device and the number of the file that is written to. */
  #place = ''
  #flushing: NodeJS.Timeout | undefined
  #checking: NodeJS.Timeout | undefined
  /** It cannot be written, and that was told. */
  #troubled = false
  /** The next file cannot be opened, and that was told: the one before may well be written. */
  #astray = false
  #lost = 0
  #closing: Promise<void> | undefined

  private constructor(path: string, file: SonicBoom, watcher: LogWatcher) {
    this.#path = path
    this.#file = file
    this.#watcher = watcher
  }

  /** Opens it, and makes it where it is not there. @throws {SocketError} with the system's code */
  static async open(path: string, watcher: LogWatcher): Promise<LogFile> {
    try {
      const opened = new LogFile(path, await openFile(path), watcher)
      await opened.#take(opened.#file)
      opened.#checkLater()
      return opened
    } catch (error) {
      throw libraryFailure(error, 'setOption')
    }
  }

  write(line: string): void {
    if (this.#closing) return
    this.#file.write(`${line}\n`)
    this.#flushing ??= setTimeout(() => this.#flush(), WAIT).unref()
  }

  /** Writes what waits, as far as it can be written. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#checking)
    clearTimeout(this.#flushing)
    await ended(this.#file)
  }

  #flush(): void {
    this.#flushing = undefined
    this.#file.flush()
  }

  async #take(file: SonicBoom): Promise<void> {
    this.#file = file
    file.on('error', error => this.#trouble(error))
    file.on('drop', () => this.#lost++)
    file.on('write', () => this.#written())
    const { dev, ino } = await statusOf((file as unknown as { fd: number }).fd)
    this.#place = `${dev}:${ino}`
  }

  #trouble(error: Error): void {
    if (this.#troubled) return
    this.#troubled = true
    this.#watcher.trouble(error)
  }

  #written(): void {
    this.#troubled = false
    if (this.#lost === 0) return
    this.#watcher.lost(this.#lost)
    this.#lost = 0
  }

  #checkLater(): void {
    this.#checking = setTimeout(() => {
      void this.#check().then(() => {
        if (!this.#closing) this.#checkLater()
      })
    }, CHECK_INTERVAL).unref()
  }

  /** The next lines belong into the file that has the name now. */
  async #check(): Promise<void> {
    const place = await statusAt(this.#path).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => '',
    )
    if (place === this.#place) this.#astray = false
    if (place === this.#place || this.#closing) return
    const before = this.#file
    try {
      const next = await openFile(this.#path)
      this.#astray = false
      if (this.#closing) next.end()
      else {
        await this.#take(next)
        await ended(before)
      }
    } catch (error) {
      if (!this.#astray) this.#watcher.trouble(error as Error)
      this.#astray = true
    }
  }
}

function openFile(path: string): Promise<SonicBoom> {
  const file = new sonic.SonicBoom({ dest: path, minLength: BLOCK, maxLength: MAX_WAITING })
  return new Promise((resolve, reject) => {
    file.once('error', reject)
    file.once('ready', () => {
      file.off('error', reject)
      resolve(file)
    })
  })
}

/** Resolves when what waits was written, or cannot be. */
function ended(file: SonicBoom): Promise<void> {
  return new Promise(resolve => {
    file.once('close', resolve)
    file.once('error', () => {
      file.destroy()
      resolve()
    })
    file.end()
  })
}
