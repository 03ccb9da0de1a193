/** Programs of the machine that tests can do without. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program; undefined, and said so, where it is missing. */
export function findProgram(name: string): string | undefined {
  const folders = ['/usr/bin', '/usr/sbin', '/usr/games', ...(process.env.PATH ?? '').split(delimiter)]
  const found = folders.map(folder => join(folder, name)).find(existsSync)
  if (!found)
    console.warn(`skipped: these tests need ${name}, in /usr/bin, /usr/sbin, /usr/games or on the PATH`)
  return found
}
