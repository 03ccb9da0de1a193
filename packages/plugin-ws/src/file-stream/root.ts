/**
 * The one directory whose files are sent and written, and nothing outside it.
 * @module
 */
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'

/** What a file that is not whole yet is called behind its name. */
export const PART = '.part'
const MAX_NAME_BYTES = 1024
const MAX_SEGMENT_BYTES = 240

/** @throws {SocketError} `EACCES` for a name that is no relative path of plain segments divided by `/`, or is that of a part. */
export function segmentsOf(name: string): string[] {
  const segments = name.split('/')
  if (Buffer.byteLength(name) > MAX_NAME_BYTES || name.endsWith(PART) || !segments.every(isPlain))
    throw new SocketError('EACCES', 'the name of the file is not allowed')
  return segments
}

function isPlain(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false
  for (let i = 0; i < segment.length; i++) {
    const code = segment.charCodeAt(i)
    if (code < 0x20 || code === 0x5c || code === 0x3a || code === 0x7f) return false
  }
  return Buffer.byteLength(segment) <= MAX_SEGMENT_BYTES
}

/**
 * Opens a file under the root for reading. Symbolic links are followed as long as they stay inside.
 *
 * @throws {SocketError} `EACCES` without a root, for a name that is not allowed, leads outside or is no file; the system's.
 */
export async function openToRead(root: string | undefined, name: string): Promise<FileHandle> {
  const base = await realRoot(root)
  const path = await realpath(join(base, ...segmentsOf(name)))
  assertInside(base, path)
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw new SocketError('EACCES', 'it is no file')
}

/** A file that is to be written: where it ends up, and where it grows. */
export interface Destination {
  path: string
  part: string
}

/**
 * Where a file under the root is written, whose directories are made.
 *
 * @throws {SocketError} `EACCES` as {@link openToRead}; the system's.
 */
export async function destinationIn(root: string | undefined, name: string): Promise<Destination> {
  const base = await realRoot(root)
  const segments = segmentsOf(name)
  let directory = base
  for (const segment of segments.slice(0, -1)) {
    const next = join(directory, segment)
    await mkdir(next).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    directory = await realpath(next)
    assertInside(base, directory)
  }
  const path = join(directory, segments.at(-1)!)
  const there = await lstat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new SocketError('EACCES', 'it is a directory')
  return { path, part: path + PART }
}

/** @throws {SocketError} `EACCES` where the part is no file of its own. */
export async function openPart(part: string): Promise<FileHandle> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(part, flags, 0o644)
  const stat = await handle.stat()
  if (stat.isFile() && stat.nlink === 1) return handle
  await handle.close()
  throw new SocketError('EACCES', 'its part is no file')
}

function realRoot(root: string | undefined): Promise<string> {
  if (root !== undefined) return realpath(root)
  return Promise.reject(new SocketError('EACCES', 'WS_FILE (270) names no root'))
}

function assertInside(base: string, path: string): void {
  const prefix = base.endsWith(sep) ? base : base + sep
  if (!path.startsWith(prefix)) throw new SocketError('EACCES', 'it is outside the root')
}
