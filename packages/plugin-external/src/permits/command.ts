/**
 * Which file a command is, and whether it may be run.
 * @module
 */
import { realpathSync } from 'node:fs'
import { SocketError } from '@unisock/kernel/plugin'
import type { Permits } from './permits.ts'
import { checkTrustedFile } from './trusted-file.ts'

export interface PermittedFile {
  readonly file: string
  /** As the kernel's process host compares it with what it opens. */
  readonly identity: string
}

/**
 * @throws {SocketError} `ESECURITY` for what is not on the list or can be changed by others, `ENOENT` for what is on it and
 *   not there, `EACCES` for what cannot be run
 */
export function permitCommand(permits: Permits, command: string, args: readonly string[]): PermittedFile {
  const real = realPath(permits, command)
  const listed = permits.commands.filter(each => each.real === real)
  if (listed.length === 0) throw notListed(command)
  if (!listed.some(each => each.takes(args)))
    throw new SocketError('ESECURITY', `${command} is not permitted with these arguments`)
  const { dev, ino } = checkTrustedFile(real)
  return { file: real, identity: `${dev}:${ino}` }
}

/** What is not on the list is not told to be there or not. */
function realPath(permits: Permits, command: string): string {
  try {
    return realpathSync(command)
  } catch (cause) {
    if (!permits.commands.some(({ path, real }) => command === path || command === real))
      throw notListed(command)
    throw new SocketError('ENOENT', `EXTERNAL_COMMAND: ${command} does not exist`, { cause })
  }
}

function notListed(command: string): SocketError {
  return new SocketError(
    'ESECURITY',
    `${command} is not among the commands of external({ commands }), which lists what may be run`,
  )
}
