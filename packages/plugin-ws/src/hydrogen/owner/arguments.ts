/**
 * What programs hand to the calls on a Hydrogen server, checked before it crosses.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { kindOf } from '../../owner/json.ts'
import { isPattern } from '../auth/permissions.ts'
import { hasControlCharacter } from '../envelope/names.ts'
import type { Lane } from '../envelope/types.ts'
import type { LaneName } from '../options/index.ts'
import { isTopic, parsePattern } from '../topics/name.ts'
import type { Whom } from '../wire.ts'

const LANES: Readonly<Record<string, Lane>> = { high: 1, normal: 2, bulk: 3 }
const MAX_NAME = 128

/** @throws {SocketError} `EINVAL` */
export function refuse(op: string, problem: string): never {
  throw new SocketError('EINVAL', problem, { op })
}

/** @throws {SocketError} `EINVAL` */
export function checkTopic(topic: string, op: string): void {
  if (typeof topic !== 'string' || !isTopic(topic))
    refuse(op, `${shown(topic)} is no topic: 1 to 16 words with dots between them, without * and >`)
}

/** @throws {SocketError} `EINVAL` */
export function checkPattern(pattern: string, op: string): void {
  if (typeof pattern !== 'string' || parsePattern(pattern) === undefined)
    refuse(
      op,
      `${shown(pattern)} is no pattern of topics: 1 to 16 words with dots between them, * for one, > for the rest`,
    )
}

/** A channel or an action. @throws {SocketError} `EINVAL` */
export function checkName(what: string, name: string, op: string): void {
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME || hasControlCharacter(name))
    refuse(op, `${shown(name)} is no ${what}: 1 to ${MAX_NAME} characters without control characters`)
}

/** `channel:action` patterns. @throws {SocketError} `EINVAL` */
export function checkPermissions(permissions: readonly string[] | undefined, op: string): void {
  if (permissions === undefined) return
  if (!Array.isArray(permissions) || !permissions.every(isPattern))
    refuse(op, 'permissions is a list of channel:action patterns')
}

/** @throws {SocketError} `EINVAL` */
export function checkUsers(users: readonly string[] | undefined, op: string): void {
  if (users === undefined) return
  if (!Array.isArray(users) || !users.every(user => typeof user === 'string' && user !== ''))
    refuse(op, 'to is a list of users')
}

/** @throws {SocketError} `EINVAL` */
export function laneOf(lane: LaneName | undefined, op: string): Lane | undefined {
  if (lane === undefined || lane === 0 || lane === 1 || lane === 2 || lane === 3) return lane
  return (Object.hasOwn(LANES, lane) ? LANES[lane] : undefined) ?? refuse(op, `${shown(lane)} is no lane`)
}

/** Only what says somebody: an order to nobody in particular would be one to all. @throws {SocketError} `EINVAL` */
export function readWhom({ user, session, fd }: Whom, op: string): Whom {
  const whom: Whom = {}
  if (user !== undefined) whom.user = user
  if (session !== undefined) whom.session = session
  if (fd !== undefined) whom.fd = fd
  if (Object.keys(whom).length === 0) refuse(op, 'say whom: a user, a session or an fd')
  return whom
}

/** The properties that have a value; null without any. */
export function present<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T | null {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? null : (Object.fromEntries(entries) as T)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : kindOf(value)
}
