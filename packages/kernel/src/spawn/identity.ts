/**
 * Which file a file is: what was checked is what is used.
 * @module
 */
import { type BigIntStats, fstatSync } from 'node:fs'
import { SocketError } from '../errors.ts'

export function fileIdentity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

/** @throws SocketError ESECURITY when the open file is not the one that was checked */
export function assertIdentity(descriptor: number, identity: string | undefined, path: string): void {
  if (identity === undefined || fileIdentity(fstatSync(descriptor, { bigint: true })) === identity) return
  throw new SocketError('ESECURITY', `${path} was replaced after it was checked`)
}
