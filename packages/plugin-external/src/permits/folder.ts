/**
 * Directories held open: what was checked is what is used, whatever their paths name by then. Paths are strings of bytes
 * ('latin1') where they need not be text.
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, realpathSync } from 'node:fs'
import { SocketError } from '@unisock/kernel/plugin'
import type { Permits } from './permits.ts'

export class Folder implements Disposable {
  readonly descriptor: number
  /** Its real path, in bytes. */
  readonly bytes: string
  /** A path of this process; on Linux one that stays the open directory's. */
  readonly path: string | Buffer

  /** Opens it, whatever it is below. */
  constructor(path: string | Buffer) {
    this.descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK)
    const linux = process.platform === 'linux'
    this.path = linux ? `/proc/self/fd/${this.descriptor}` : path
    this.bytes = linux ? readlinkSync(this.path, 'latin1') : realpathSync(path, 'latin1')
  }

  /** Its real path. */
  get real(): string {
    return Buffer.from(this.bytes, 'latin1').toString()
  }

  get identity(): string {
    const { dev, ino } = fstatSync(this.descriptor, { bigint: true })
    return `${dev}:${ino}`
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor)
  }
}

/** @throws {SocketError} `ESECURITY` for what is not below the list's paths, `ENOENT`, `ENOTDIR` */
export function permitFolder(path: string, permits: Pick<Permits, 'covers'>, what: string): Folder {
  let folder: Folder
  try {
    folder = new Folder(path)
  } catch (cause) {
    const { code = 'EACCES', message } = cause as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be opened: ${message}`
    throw new SocketError(code, `${what}: ${path} ${reason}`, { cause, category: 'usage' })
  }
  if (permits.covers(folder.real)) return folder
  folder[Symbol.dispose]()
  throw new SocketError(
    'ESECURITY',
    `${what}: ${path} is not below the paths of external({ paths }), which lists what may be opened`,
  )
}
