/**
 * Which way to the system there is here, tried once a thread.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { koffiFunctions } from './koffi.ts'
import { nodeFunctions } from './node-ffi.ts'
import { selfTest } from './self-test.ts'
import { type Functions, System } from './system.ts'

/** The system, or why there is none. */
export type Loaded = { readonly system: System } | { readonly reason: string }

let loading: Promise<Loaded> | undefined
let loaded: Loaded = { reason: 'it was not loaded' }

export function loadSystem(): Promise<Loaded> {
  loading ??= load([async () => nodeFunctions(), koffiFunctions]).then(result => (loaded = result))
  return loading
}

/** What was loaded. @throws {SocketError} `ENOTSUP`, naming what it is needed for */
export function currentSystem(what: string): System {
  if ('system' in loaded) return loaded.system
  throw new SocketError('ENOTSUP', `${what} is not available here: ${loaded.reason}`)
}

/** The first of the ways that passes the self-test. */
export async function load(
  ways: readonly (() => Promise<Functions | undefined>)[],
  platform = process.platform,
): Promise<Loaded> {
  if (platform !== 'linux') return { reason: `it is Linux's, and this is ${platform}` }
  const reasons: string[] = []
  for (const way of ways) {
    try {
      const functions = await way()
      if (!functions) continue
      const system = new System(functions)
      await selfTest(system)
      return { system }
    } catch (error) {
      reasons.push((error as Error).message)
    }
  }
  return { reason: `the system cannot be called: ${reasons.join('; ') || 'this Node has no FFI'}` }
}
