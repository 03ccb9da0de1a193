/**
 * What the names of files begin with that nobody has kept.
 * @module
 */
import { basename, dirname, join } from 'node:path'

export const PREFIX = 'unisock-upload-'

/** The path of a file that is kept where it is. */
export function keptPath(path: string): string {
  return join(dirname(path), basename(path).slice(PREFIX.length))
}
