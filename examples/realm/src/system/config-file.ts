/**
 * The realm's configuration file, read at the start and whenever it changes.
 * @module
 */
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Kernel } from '@unisock/kernel'
import { EXTERNAL_INOTIFY } from '@unisock/plugin-external'
import { type Config, DEFAULTS, parseConfig } from '../config.ts'
import { KeptOpen, type Lost, type Say } from '../kept-open.ts'
import { bindOrClose } from './bind.ts'

/** Milliseconds for which a file is left alone before it is read: who writes it may not be done. */
const QUIET_MS = 100

export class ConfigFile implements Disposable {
  readonly #path: string
  readonly #say: Say
  #text: string | undefined
  #watcher: KeptOpen | undefined
  #closed = false
  #timer: NodeJS.Timeout | undefined

  /** @param path absolute */
  constructor(path: string, say: Say) {
    this.#path = path
    this.#say = say
  }

  /**
   * What it says; the defaults where there is no such file.
   *
   * @throws Error that says what is wrong with it
   */
  read(): Config {
    this.#text = textOf(this.#path)
    return this.#parse()
  }

  /** Calls `apply` with what it says whenever that has changed. Where it is wrong, or `apply` throws, nothing changes. */
  async watch(kernel: Kernel, apply: (config: Config) => void): Promise<void> {
    const changed = (): void => {
      clearTimeout(this.#timer)
      if (this.#closed) return
      this.#timer = setTimeout(() => this.#reload(apply), QUIET_MS)
    }
    const open = (lost: Lost): Promise<void> => this.#open(kernel, changed, lost)
    this.#watcher = new KeptOpen('The configuration is not watched', open, this.#say)
    await this.#watcher.start()
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#watcher?.[Symbol.dispose]()
    clearTimeout(this.#timer)
  }

  /** Its directory is watched: the file may be replaced, and come after it was gone. */
  async #open(kernel: Kernel, changed: () => void, lost: Lost): Promise<void> {
    const name = basename(this.#path)
    const fd = kernel.create(
      EXTERNAL_INOTIFY,
      (_fd, { filename }) => {
        if (filename === name) changed()
      },
      (_fd, error) => lost(error),
    )
    await bindOrClose(kernel, fd, dirname(this.#path))
    // It may have changed before it was watched.
    changed()
  }

  #reload(apply: (config: Config) => void): void {
    try {
      const text = textOf(this.#path)
      if (text === this.#text) return
      this.#text = text
      apply(this.#parse())
      this.#say('The configuration was read again.')
    } catch (error) {
      this.#say(`${(error as Error).message}. What was in force stays in force.`)
    }
  }

  #parse(): Config {
    if (this.#text === undefined) {
      this.#say(`There is no ${this.#path}: the defaults are in force.`)
      return DEFAULTS
    }
    try {
      return parseConfig(this.#text)
    } catch (error) {
      throw new Error(`${this.#path}: ${(error as Error).message}`)
    }
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
