/**
 * Files that were written to and are not told of yet.
 * @module
 */
import type { Directory } from './directory.ts'

interface Written {
  readonly directory: Directory
  readonly name: string
  due: number
}

/** Milliseconds that a file which is being written may take to be closed, before it is told of. */
const OPEN_HOLD = 50

export class Writes {
  readonly #waiting = new Map<string, Written>()
  readonly #debounce: () => number
  readonly #behind: () => boolean
  readonly #tell: (directory: Directory, name: string) => void
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  /** `debounce`: milliseconds without a change before one is told. `behind`: more was read than was told. */
  constructor(
    debounce: () => number,
    behind: () => boolean,
    tell: (directory: Directory, name: string) => void,
  ) {
    this.#debounce = debounce
    this.#behind = behind
    this.#tell = tell
  }

  /** It was written to, and is not closed. One who writes on and on is told of again and again, unless there is a debounce. */
  wrote(directory: Directory, name: string): void {
    const debounce = this.#debounce()
    const key = keyOf(directory, name)
    const written = this.#waiting.get(key)
    if (!written) this.#wait(key, directory, name, Math.max(OPEN_HOLD, debounce))
    else if (debounce > 0) written.due = performance.now() + Math.max(OPEN_HOLD, debounce)
  }

  /** It was written and closed, or another took its place. */
  closed(directory: Directory, name: string): void {
    const debounce = this.#debounce()
    const key = keyOf(directory, name)
    if (debounce > 0) return this.#wait(key, directory, name, debounce)
    this.#waiting.delete(key)
    this.#tell(directory, name)
  }

  /** Tells now: something else becomes of the file. */
  flush(directory: Directory, name: string): void {
    if (this.#waiting.size > 0 && this.#waiting.delete(keyOf(directory, name))) this.#tell(directory, name)
  }

  close(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#waiting.clear()
  }

  #wait(key: string, directory: Directory, name: string, wait: number): void {
    this.#waiting.set(key, { directory, name, due: performance.now() + wait })
    this.#timer ??= setTimeout(() => this.#later(), wait)
  }

  /** Behind what a loop that was held up has not read yet. */
  #later(): void {
    this.#immediate = setImmediate(() => {
      if (this.#behind()) this.#timer = setTimeout(() => this.#later(), OPEN_HOLD)
      else this.#expire()
    })
  }

  #expire(): void {
    const now = performance.now()
    let next = Infinity
    for (const [key, { directory, name, due }] of this.#waiting) {
      if (due > now) {
        next = Math.min(next, due)
        continue
      }
      this.#waiting.delete(key)
      this.#tell(directory, name)
    }
    this.#timer = next < Infinity ? setTimeout(() => this.#later(), Math.ceil(next - now)) : undefined
  }
}

function keyOf(directory: Directory, name: string): string {
  return `${directory.watch}/${name}`
}
