/**
 * A file of a form that is on the disk.
 * @module
 */
import { constants } from 'node:fs'
import { copyFile, rename, unlink } from 'node:fs/promises'
import { keptPath } from './kept-name.ts'
import type { FileWire } from './wire.ts'

/** A file of a form. It is removed when its exchange is answered, unless {@link keep} was waited for before. */
export class UploadedFile {
  /** The field's name. */
  readonly name: string
  /** What the client calls it: not a path, and nothing to make one of. */
  readonly filename: string
  /** The media type that the client says it has, in lower case. */
  readonly type: string
  /** Bytes. */
  readonly size: number
  /** SHA-256 of its content, hexadecimal. */
  readonly digest: string
  #path: string

  constructor({ name, filename, type, size, digest, path }: FileWire) {
    this.name = name
    this.filename = filename
    this.type = type
    this.size = size
    this.digest = digest
    this.#path = path
  }

  /** Where it is. */
  get path(): string {
    return this.#path
  }

  /**
   * Keeps the file.
   *
   * @param to Where it is moved to, in place of what is there; without it it stays in its folder under another name.
   * @returns Its path.
   * @throws What the disk says.
   */
  async keep(to: string = keptPath(this.#path)): Promise<string> {
    try {
      await rename(this.#path, to)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
      await copyFile(this.#path, to, constants.COPYFILE_FICLONE)
      await unlink(this.#path)
    }
    this.#path = to
    return to
  }

  toJSON(): FileWire {
    const { name, filename, type, size, digest, path } = this
    return { name, filename, type, size, digest, path }
  }
}
