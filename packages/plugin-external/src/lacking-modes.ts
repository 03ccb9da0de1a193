/**
 * Which modes a system lacks, and why.
 * @module
 */
import type { Lacking } from '@unisock/kernel/plugin'
import * as modes from './modes.ts'
import type { Loaded } from './system/load.ts'

const PROGRAMS: readonly number[] = [modes.EXTERNAL_PIPE, modes.EXTERNAL_SOCKETPAIR]

/** Programs need a Unix, the rest what {@link Loaded} has. */
export async function lackingModes(platform: NodeJS.Platform, load: () => Promise<Loaded>): Promise<Lacking> {
  const all: readonly number[] = Object.values(modes)
  if (platform === 'win32') return all.map(mode => [mode, 'it needs a Unix, and this is Windows'])
  const loaded = await load()
  if ('system' in loaded) return []
  return all.filter(mode => !PROGRAMS.includes(mode)).map(mode => [mode, loaded.reason])
}
