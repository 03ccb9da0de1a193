/**
 * What the names of files begin with that nobody has kept.
 * @module
 */
import { basename, dirname, join } from 'node:path'

export const PREFIX = 'unisock-upload-'

/** The path of a file that is kept where it is: its own, where it was kept before. */
export function keptPath(path: string): string {
  const name = basename(path)
  return name.startsWith(PREFIX) ? join(dirname(path), name.slice(PREFIX.length)) : path
}
