/**
 * The directory that a program runs in.
 * @module
 */
import { fstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'
import { type Folder, permitFolder } from '../permits/folder.ts'
import type { Permits } from '../permits/permits.ts'
import type { Account } from './accounts.ts'

export interface WorkingDir {
  readonly cwd: string
  readonly cwdIdentity: string
}

/** @throws {SocketError} `ESECURITY`, `ENOENT`, `ENOTDIR`, and `EACCES` for a directory that its user may not enter */
export function permitWorkingDir(path: string, permits: Permits, account: Account): WorkingDir {
  const folder = permitFolder(path, permits, 'EXTERNAL_WORKING_DIR')
  try {
    const { real, identity } = folder
    // The system enters the directory before it becomes the other user.
    if (account.uid !== undefined) checkAccess(folder, account)
    return { cwd: real, cwdIdentity: identity }
  } finally {
    folder[Symbol.dispose]()
  }
}

interface Rights {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

function checkAccess({ descriptor, real }: Folder, account: Account): void {
  let rights: Rights = fstatSync(descriptor)
  for (let path = real; ; path = dirname(path)) {
    if (!mayEnter(rights, account))
      throw new SocketError('EACCES', `EXTERNAL_WORKING_DIR: EXTERNAL_USER may not enter ${path}`)
    if (path === '/') return
    rights = statSync(dirname(path))
  }
}

/** The other groups of the user are given up with the rest of this process's rights. */
function mayEnter({ mode, uid, gid }: Rights, account: Account): boolean {
  if (account.uid === 0) return true
  if (account.uid === uid) return (mode & 0o100) !== 0
  return (mode & (account.gid === gid ? 0o010 : 0o001)) !== 0
}
