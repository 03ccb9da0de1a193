/**
 * The order in which the addresses of a name are to be tried.
 * @module
 */
import type { IPAddr } from '../address/index.ts'

/**
 * Families take turns, beginning with that of the first address (RFC 8305 section 4); within a family the list is
 * rotated by `turn`. Addresses that are `failing` come after all others, in the same way.
 */
export function balance(
  addresses: readonly IPAddr[],
  turn: number,
  failing: (address: IPAddr) => boolean,
): IPAddr[] {
  if (addresses.length < 2) return [...addresses]
  const good: IPAddr[] = []
  const bad: IPAddr[] = []
  for (const address of addresses) (failing(address) ? bad : good).push(address)
  return [...interleave(good, turn), ...interleave(bad, turn)]
}

function interleave(addresses: readonly IPAddr[], turn: number): IPAddr[] {
  const first = addresses[0]
  if (first === undefined) return []
  const preferred = rotate(
    addresses.filter(it => it.family === first.family),
    turn,
  )
  const others = rotate(
    addresses.filter(it => it.family !== first.family),
    turn,
  )
  const mixed: IPAddr[] = []
  for (let i = 0; i < Math.max(preferred.length, others.length); i++) {
    if (i < preferred.length) mixed.push(preferred[i]!)
    if (i < others.length) mixed.push(others[i]!)
  }
  return mixed
}

function rotate(addresses: readonly IPAddr[], turn: number): IPAddr[] {
  const start = addresses.length === 0 ? 0 : turn % addresses.length
  return [...addresses.slice(start), ...addresses.slice(0, start)]
}
