/**
 * A listener's forms: its rules, and folders that are ready.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import { OWN, prepareFolder } from './folder.ts'
import { HTTP_UPLOAD } from './options.ts'
import { type UploadRules, uploadRules } from './rules.ts'

/** Whose files a restarted worker finds. */
const ROW = 'upload-owner'

/** Of this worker, whatever listener asks. */
const folders = new Map<string, Promise<void>>()

export class Uploads {
  readonly #socket: PluginSocket
  rules: UploadRules | undefined
  #previous: string | undefined
  #kept = false
  /** Changes that were asked for, and which of them holds. */
  #asked = 0
  #holds = 0

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.rules = uploadRules(socket.option(HTTP_UPLOAD))
  }

  /** After a restart the option is there already, and nobody waits for an answer. */
  restore(): void {
    if (this.rules) this.prepare(this.rules).catch(error => this.#socket.error(error))
  }

  /**
   * Takes the option over when its folder is ready: until then, and where it cannot be, the rules before it hold.
   *
   * @throws {SocketError} as {@link prepare} does.
   */
  async change(): Promise<void> {
    const rules = uploadRules(this.#socket.option(HTTP_UPLOAD))
    const asked = ++this.#asked
    if (rules) await this.prepare(rules)
    if (asked < this.#holds) return
    this.#holds = asked
    this.rules = rules
  }

  /**
   * Resolves when files can be written by the rules, and what a worker before this one has left is gone.
   *
   * @throws {SocketError} the system's errors with their own codes.
   */
  async prepare({ streamed, dir }: UploadRules): Promise<void> {
    if (streamed) return
    if (!this.#kept) {
      this.#kept = true
      this.#previous = this.#socket.kept.get(ROW) as string | undefined
      this.#socket.keep(ROW, OWN)
    }
    let ready = folders.get(dir)
    if (!ready) {
      ready = prepareFolder(dir, this.#previous)
      folders.set(dir, ready)
      ready.catch(() => folders.delete(dir))
    }
    await ready
  }
}
