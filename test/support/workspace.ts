/** The repository's files, and folders in it that last as long as a test. */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

/** The path of a file of the repository. */
export function fileOf(path: string): string {
  return fileURLToPath(new URL(path, root))
}

export const TSC = fileOf('node_modules/typescript/bin/tsc')

/** A new folder outside the sources, from which the packages of these tests can be imported. */
export async function scratchFolder(name: string): Promise<AsyncDisposable & { path: string }> {
  const parent = fileOf('.tmp')
  await mkdir(parent, { recursive: true })
  const path = await mkdtemp(join(parent, `${name}-`))
  await symlink(fileOf('test/node_modules'), join(path, 'node_modules'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
