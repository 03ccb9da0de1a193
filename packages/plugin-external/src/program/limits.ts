/**
 * Limits of a program: set by util-linux's prlimit, which becomes the program.
 * @module
 */
import { existsSync } from 'node:fs'
import { type PluginSocket, SocketError, type SpawnRequest } from '@unisock/kernel/plugin'
import {
  EXTERNAL_CPU_LIMIT,
  EXTERNAL_FILE_LIMIT,
  EXTERNAL_MEMORY_LIMIT,
  EXTERNAL_PROCESS_LIMIT,
} from '../options.ts'

const LIMITS = [
  [EXTERNAL_CPU_LIMIT, 'cpu'],
  [EXTERNAL_MEMORY_LIMIT, 'as'],
  [EXTERNAL_FILE_LIMIT, 'nofile'],
  [EXTERNAL_PROCESS_LIMIT, 'nproc'],
] as const
const PLACES = ['/usr/bin/prlimit', '/bin/prlimit']

/** @throws {SocketError} `ENOTSUP` where limits are asked for and the system has no prlimit */
export function limitsOf(socket: PluginSocket): SpawnRequest['wrapper'] {
  const args = LIMITS.flatMap(([option, name]) => {
    const value = socket.option(option)
    return value === undefined ? [] : [`--${name}=${value}`]
  })
  if (args.length === 0) return undefined
  const file = PLACES.find(place => existsSync(place))
  if (!file)
    throw new SocketError('ENOTSUP', 'EXTERNAL_…_LIMIT needs prlimit of util-linux, which is not here')
  // A program that is cut off by a limit leaves no image of its memory.
  return { file, args: [...args, '--core=0', '--'] }
}
