/**
 * The folder that files of forms are written to: their names, and what a worker or process that died left there.
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'
import { PREFIX } from './kept-name.ts'

/** What another host, or one with another name, has not touched for so long, nobody waits for: in milliseconds. */
const STALE = 24 * 60 * 60 * 1000
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
/** Of this worker: no other one, and none before it, has it. */
export const OWN = randomBytes(6).toString('hex')

/** A name that nobody guesses, and nobody has. */
export function temporaryName(): string {
  return `${PREFIX}${HOST}-${process.pid}-${OWN}-${randomBytes(16).toString('hex')}`
}

const NAME = new RegExp(`^${PREFIX}([0-9a-f]{8})-(\\d+)-([0-9a-f]{12})-[0-9a-f]{32}$`)

/**
 * Makes a folder ready: it is there, and nobody's files are out of it.
 *
 * @param previous Whom this worker has replaced, by its {@link OWN}.
 * @throws {SocketError} the system's errors with their own codes.
 */
export async function prepareFolder(dir: string, previous: string | undefined): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const names = await readdir(dir)
    await Promise.all(names.map(name => sweep(dir, name, previous)))
  } catch (cause) {
    const { code = 'EINVAL', message } = cause as NodeJS.ErrnoException
    throw new SocketError(code, `HTTP_UPLOAD (228): dir: ${message}`, { op: 'setOption', cause })
  }
}

async function sweep(dir: string, name: string, previous: string | undefined): Promise<void> {
  const [, host, pid, owner] = NAME.exec(name) ?? []
  if (owner === undefined || owner === OWN) return
  const path = join(dir, name)
  try {
    const { mtimeMs } = await stat(path)
    const orphaned =
      host === HOST ? owner === previous || isDead(Number(pid), mtimeMs) : mtimeMs < Date.now() - STALE
    if (orphaned) await unlink(path)
  } catch {
    // Somebody else was faster.
  }
}

/** A process of another time may have had the same number, in a container above all. */
function isDead(pid: number, touched: number): boolean {
  if (pid === process.pid) return touched < Date.now() - process.uptime() * 1000
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
