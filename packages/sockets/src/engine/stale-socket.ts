/**
 * Local socket files that a process left behind.
 * @module
 */
import { lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'

/** Removes a socket file on which nobody answers. False: it is not one, or somebody does. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const stats = await lstat(path)
  if (!stats.isSocket() || !(await refuses(path))) return false
  await unlink(path)
  return true
}

function refuses(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const probe = connect(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
  })
}
