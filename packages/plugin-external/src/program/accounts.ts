/**
 * Users and groups by name: Node does not look them up.
 * @module
 */
import { readFileSync } from 'node:fs'
import { SocketError } from '@unisock/kernel/plugin'

export interface Account {
  readonly uid: number | undefined
  readonly gid: number | undefined
}

const NUMBER = /^\d+$/

/** @throws {SocketError} `EINVAL` for a name that the system does not have */
export function findAccount(user: string | number | undefined, group: string | number | undefined): Account {
  const ownGid = group === undefined ? undefined : findGroup(group)
  if (user === undefined) return { uid: undefined, gid: ownGid }
  const known = lines('/etc/passwd').find(([name, , uid]) => name === user || uid === String(user))
  const uid = known ? Number(known[2]) : asNumber(user)
  if (uid === undefined) throw new SocketError('EINVAL', `EXTERNAL_USER: there is no user ${user}`)
  const gid = ownGid ?? (known && Number(known[3]))
  if (gid === undefined)
    throw new SocketError('EINVAL', `EXTERNAL_USER: user ${user} has no group of its own: set EXTERNAL_GROUP`)
  return { uid, gid }
}

function findGroup(group: string | number): number {
  const known = lines('/etc/group').find(([name]) => name === group)
  const gid = known ? Number(known[2]) : asNumber(group)
  if (gid !== undefined) return gid
  throw new SocketError('EINVAL', `EXTERNAL_GROUP: there is no group ${group}`)
}

function asNumber(account: string | number): number | undefined {
  if (typeof account === 'number') return account
  return NUMBER.test(account) ? Number(account) : undefined
}

/** passwd(5) and group(5). */
function lines(file: string): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.split(':'))
  } catch {
    return []
  }
}
