/**
 * What the options of the Hydrogen server have in common.
 * @module
 */
import { isChannelAction, Permissions } from '../auth/permissions.ts'
import { hasControlCharacter } from '../envelope/names.ts'

export const family = 'ws'

/** WEBSOCKET_SERVER and WEBSOCKET_SECURE_SERVER. */
export const MODES = [30, 32]

export const PERMISSIONS = {
  type: 'array',
  maxItems: 10_000,
  items: { type: 'string', minLength: 1, maxLength: 257 },
}
export const USER = { type: 'string', minLength: 1, maxLength: 256 }
export const SECRET = { type: 'string', minLength: 1, maxLength: 4096 }

/** @throws {Error} for a pattern that `Permissions` would not take. */
export function checkPermissions(at: string, patterns: readonly string[] | undefined): void {
  if (patterns === undefined) return
  try {
    new Permissions(patterns)
  } catch (error) {
    throw new Error(`${at}: ${(error as Error).message}`)
  }
}

/** @throws {Error} for what names no single permission. */
export function checkPermission(at: string, permission: string | null | false | undefined): void {
  if (typeof permission === 'string' && !isChannelAction(permission))
    throw new Error(`${at}: not a channel:action: ${JSON.stringify(permission)}`)
}

/** @throws {Error} for a name that no message could have. */
export function checkName(at: string, name: string): void {
  if (name === '' || name.length > 128 || hasControlCharacter(name))
    throw new Error(`${at}: ${JSON.stringify(name)} is not 1 to 128 characters without control characters`)
}
