/**
 * Which content coding a client likes best (RFC 9110 section 12.5.3).
 * @module
 */

/** What clients send is much the same from one request to the next. */
const known = new Map<string, ReadonlyMap<string, number>>()
const MAX_KNOWN = 256
/** Longer ones are not worth remembering. */
const MAX_LENGTH = 256

/**
 * The coding of ours with the greatest weight; the first of those where several have it. Undefined: it is sent as it
 * is, because the client takes none of ours or likes `identity` better.
 */
export function chooseCoding<C extends string>(
  accepted: string | undefined,
  ours: readonly C[],
): C | undefined {
  if (accepted === undefined) return undefined
  const weights = weightsOf(accepted)
  const others = weights.get('*') ?? 0
  let best: C | undefined
  let weight = weights.get('identity') ?? 0
  for (const coding of ours) {
    const offered = weights.get(coding) ?? others
    if (offered === 0 || (best === undefined ? offered < weight : offered <= weight)) continue
    best = coding
    weight = offered
  }
  return best
}

function weightsOf(accepted: string): ReadonlyMap<string, number> {
  const before = known.get(accepted)
  if (before) return before
  const weights = new Map<string, number>()
  for (const item of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim())
    const quality = parameters.find(parameter => parameter.startsWith('q='))
    // RFC 9110 section 8.4.1.3: x-gzip is gzip.
    weights.set(name === 'x-gzip' ? 'gzip' : name, quality === undefined ? 1 : weightOf(quality.slice(2)))
  }
  if (known.size >= MAX_KNOWN) known.clear()
  if (accepted.length <= MAX_LENGTH) known.set(accepted, weights)
  return weights
}

/** What is no weight from 0 to 1 is none. */
function weightOf(text: string): number {
  const weight = Number(text)
  return weight > 0 && weight <= 1 ? weight : 0
}
