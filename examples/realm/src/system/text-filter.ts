/**
 * The program that what players say goes through, a line in and a line out. Speech does not wait for one that is not
 * there: while it is started, and started again when it dies, everything is heard as it was said.
 * @module
 */
import { StringDecoder } from 'node:string_decoder'
import type { Fd, Kernel } from '@unisock/kernel'
import { EXTERNAL_ARGS, EXTERNAL_COMMAND, EXTERNAL_KILL_GRACE, EXTERNAL_PIPE } from '@unisock/plugin-external'
import { KeptOpen, type Lost, type Say } from '../kept-open.ts'
import type { Filter } from '../world.ts'
import { bindOrClose } from './bind.ts'
import { FILTER_ARGS, FILTER_COMMAND } from './permits.ts'

/** Milliseconds; a program that takes longer for a line is taken for dead. */
const PATIENCE_MS = 1000
const GRACE_SECONDS = 1

interface Held {
  readonly text: string
  pass(text: string): void
}

export class TextFilter implements Disposable {
  readonly #kernel: Kernel
  readonly #say: Say
  #words: readonly string[] = []
  #program: KeptOpen | undefined
  #fd: Fd<any> | undefined
  #lost: Lost = () => {}
  /** In the order in which they were said. */
  #held: Held[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(kernel: Kernel, say: Say) {
    this.#kernel = kernel
    this.#say = say
  }

  /** Masks these words from now on; without any there is no program. */
  async use(words: readonly string[]): Promise<void> {
    if (words.join() === this.#words.join()) return
    this[Symbol.dispose]()
    this.#words = words
    if (words.length === 0) return
    this.#program = new KeptOpen('Speech is not filtered', lost => this.#start(lost), this.#say)
    await this.#program.start()
  }

  /** What the world gives what is said to. */
  readonly filter: Filter = (text, pass) => {
    if (this.#fd === undefined) return pass(text)
    this.#held.push({ text, pass })
    this.#timer ??= this.#patience()
    this.#kernel.write(this.#fd, `${text}\n`)
  };

  [Symbol.dispose](): void {
    this.#program?.[Symbol.dispose]()
    this.#program = undefined
    this.#lose()
  }

  async #start(lost: Lost): Promise<void> {
    const program = this.#program
    const decoder = new StringDecoder('utf8')
    let rest = ''
    let isOver = false
    const fd = this.#kernel.create(EXTERNAL_PIPE, {
      message: (_fd, told) => {
        if (told.event_type === 'exit' || this.#fd !== fd) return
        if (told.event_type === 'stderr') return this.#tell(String(told.data).trim())
        const lines = (rest + decoder.write(told.data)).split('\n')
        rest = lines.pop()!
        for (const line of lines) this.#answered(line)
      },
      error: (_fd, error) => this.#tell(error.message),
      close: (_fd, error) => {
        isOver = true
        if (this.#fd === fd) this.#lose()
        lost(error)
      },
    })
    void this.#kernel.setOption(fd, EXTERNAL_COMMAND, FILTER_COMMAND)
    void this.#kernel.setOption(fd, EXTERNAL_ARGS, [...FILTER_ARGS, ...this.#words])
    void this.#kernel.setOption(fd, EXTERNAL_KILL_GRACE, GRACE_SECONDS)
    await bindOrClose(this.#kernel, fd, 0)
    if (isOver) return
    // Other words may have been asked for in the meantime.
    if (this.#program !== program) return void this.#kernel.close(fd, { abort: true })
    this.#fd = fd
    this.#lost = lost
  }

  #tell(what: string): void {
    this.#say(`The text filter: ${what}`)
  }

  #patience(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#lose()
      this.#lost(new Error('it does not answer'))
    }, PATIENCE_MS)
  }

  #answered(line: string): void {
    const first = this.#held.shift()
    clearTimeout(this.#timer)
    this.#timer = this.#held.length > 0 ? this.#patience() : undefined
    first?.pass(line)
  }

  /** Ends the program, if it has not ended; what it has not answered is heard as it was said. */
  #lose(): void {
    const fd = this.#fd
    this.#fd = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (fd !== undefined) void this.#kernel.close(fd, { abort: true })
    for (const { text, pass } of this.#held.splice(0)) pass(text)
  }
}
