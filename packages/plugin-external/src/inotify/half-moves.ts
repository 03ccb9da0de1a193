/**
 * Files that were moved away, until it is known where to.
 * @module
 */
import type { Directory } from './directory.ts'

export interface HalfMove {
  readonly directory: Directory
  readonly name: string
  readonly isDirectory: boolean
}

/** Milliseconds. The two halves come one after the other, unless many write at once. */
const WAIT = 20

export class HalfMoves {
  readonly #byCookie = new Map<number, HalfMove>()
  readonly #away: (move: HalfMove) => void
  readonly #behind: () => boolean
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  /** `away`: it has left what is watched. `behind`: more was read than was told. */
  constructor(away: (move: HalfMove) => void, behind: () => boolean) {
    this.#away = away
    this.#behind = behind
  }

  from(cookie: number, move: HalfMove): void {
    this.#byCookie.set(cookie, move)
    this.#timer ??= setTimeout(() => this.#expire(new Set(this.#byCookie.keys())), WAIT)
  }

  /** The first half of a move whose second has come. */
  to(cookie: number): HalfMove | undefined {
    const move = this.#byCookie.get(cookie)
    if (move) this.#byCookie.delete(cookie)
    return move
  }

  /** Something else has come to be of that name: what was moved away is told of first. */
  settle(directory: Directory, name: string): void {
    if (this.#byCookie.size === 0) return
    for (const [cookie, move] of this.#byCookie)
      if (move.directory === directory && move.name === name) this.#tell(cookie, move)
  }

  close(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#byCookie.clear()
  }

  /** Behind what a loop that was held up has not read yet. */
  #expire(cookies: ReadonlySet<number>): void {
    this.#immediate = setImmediate(() => {
      this.#timer = undefined
      for (const cookie of this.#behind() ? [] : cookies) {
        const move = this.#byCookie.get(cookie)
        if (move) this.#tell(cookie, move)
      }
      if (this.#byCookie.size > 0)
        this.#timer = setTimeout(() => this.#expire(new Set(this.#byCookie.keys())), WAIT)
    })
  }

  #tell(cookie: number, move: HalfMove): void {
    this.#byCookie.delete(cookie)
    this.#away(move)
  }
}
