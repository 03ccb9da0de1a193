/**
 * A folder for local sockets that nobody but this user may enter.
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class PrivateFolder {
  /** With mode 0700, as `mkdtemp` makes it. */
  readonly path = mkdtempSync(join(tmpdir(), 'unisock-'))
  readonly #remove = (): void => rmSync(this.path, { recursive: true, force: true })

  constructor() {
    // A program that ends without closing its kernel leaves nothing either.
    process.once('exit', this.#remove)
  }

  remove(): void {
    process.off('exit', this.#remove)
    this.#remove()
  }
}
