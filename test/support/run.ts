/** Programs that tests start and wait for. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** Runs node to its end; a code other than 0 does not reject. */
export async function runNode(args: readonly string[], { cwd }: { cwd?: string } = {}): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd, encoding: 'utf8' })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as Ran
    if (typeof code !== 'number') throw error
    return { code, stdout, stderr }
  }
}
