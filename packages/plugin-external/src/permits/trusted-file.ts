/**
 * Whether a file is what its owner made it: nobody else could have written it or put another in its place.
 * @module
 */
import { type BigIntStats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'

const OTHERS_WRITE = 0o022n
const STICKY = 0o1000n
const EXECUTE = 0o111n

/**
 * @param real the file's real path
 * @throws {SocketError} `ESECURITY` where others may change it or a directory above it, `EACCES` where it is no program
 */
export function checkTrustedFile(real: string): BigIntStats {
  const stats = statSync(real, { bigint: true })
  if (!stats.isFile()) throw new SocketError('EACCES', `${real} is no file`)
  if ((stats.mode & EXECUTE) === 0n) throw new SocketError('EACCES', `${real} is not executable`)
  checkOwner(real, stats)
  if ((stats.mode & OTHERS_WRITE) !== 0n)
    throw new SocketError('ESECURITY', `${real} may be written by others than its owner`)
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    checkFolder(folder)
    if (folder === '/') return stats
  }
}

/** In a sticky directory, such as /tmp, only an entry's owner may replace it. */
function checkFolder(folder: string): void {
  const stats = statSync(folder, { bigint: true })
  checkOwner(folder, stats)
  if ((stats.mode & OTHERS_WRITE) !== 0n && (stats.mode & STICKY) === 0n)
    throw new SocketError('ESECURITY', `${folder} may be written by others than its owner`)
}

function checkOwner(path: string, { uid }: BigIntStats): void {
  if (uid === 0n || uid === BigInt(process.geteuid!())) return
  throw new SocketError('ESECURITY', `${path} belongs to neither root nor the user of this process`)
}
