/**
 * Files that the web server sends in this server's place.
 * @module
 */
import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { hasControls } from '../headers.ts'
import type { StaticHandoff } from './options.ts'

/** Where X-Accel-Redirect's internal location is, unless the option says. */
export const HANDOFF_PREFIX = '/.handoff/'

export interface HandedFile {
  /** The file itself, behind every link. */
  real: string
  /** The header that names it to the web server. */
  field: [name: string, value: string]
}

/**
 * Checks a file that a reply names: it must be one, and below the root, wherever links lead.
 *
 * @returns Undefined for what is not there, is no file or is elsewhere: the client learns nothing of which.
 */
export async function handedFile(file: string, handoff: StaticHandoff): Promise<HandedFile | undefined> {
  try {
    const root = await realpath(handoff.root)
    const real = await realpath(isAbsolute(file) ? file : resolve(root, file))
    const below = relative(root, real)
    if (below === '' || below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) return undefined
    const found = await stat(real)
    if (!found.isFile() || hasControls(real)) return undefined
    return { real, field: [handoff.header, fieldValue(handoff, real, below)] }
  } catch {
    return undefined
  }
}

/** mod_xsendfile takes a path as it is, in bytes; nginx a location, percent-encoded. */
function fieldValue({ header, prefix = HANDOFF_PREFIX }: StaticHandoff, real: string, below: string): string {
  if (header === 'X-Sendfile') return Buffer.from(real).toString('latin1')
  return (prefix.endsWith('/') ? prefix : `${prefix}/`) + below.split(sep).map(encodeURIComponent).join('/')
}
