/**
 * The keys of HYDROGEN_KEYS, and whom they stand for.
 * @module
 */

import { KeyRing } from '../../auth/keys.ts'
import type { HydrogenKey } from '../options/auth.ts'
import type { AdmittedIdentity } from './identity.ts'

export interface KeyHolder {
  readonly identity: AdmittedIdentity
  /** It names no user: many may hold it. */
  readonly shared: boolean
}

const ALL: readonly string[] = ['*']

/** Whoever holds a key that names no user. */
export const CLIENT: AdmittedIdentity = { user: 'client', permissions: ALL }
/** Whoever shows nothing where that is allowed. */
export const ANONYMOUS: AdmittedIdentity = { user: 'anonymous', permissions: ALL }

export function keyRing(keys: readonly (string | HydrogenKey)[]): KeyRing<KeyHolder> {
  const ring = new KeyRing<KeyHolder>()
  for (const key of keys)
    if (typeof key === 'string') ring.add(key, { identity: CLIENT, shared: true })
    else ring.add(key.key, holderOf(key))
  return ring
}

function holderOf({ user, permissions = ALL, signingSecret }: HydrogenKey): KeyHolder {
  const identity = {
    user: user ?? CLIENT.user,
    permissions,
    ...(signingSecret !== undefined && { signingSecret }),
  }
  return { identity, shared: user === undefined }
}
