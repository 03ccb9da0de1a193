/**
 * Who may do what: `channel:action` patterns, in which either part, or the whole, may be `*`.
 * @module
 */

const NONE: ReadonlySet<string> = new Set()

/** Patterns, compiled: a check costs two look-ups and no allocation. */
export class Permissions {
  readonly patterns: readonly string[]
  #all = false
  /** Actions allowed on every channel. */
  readonly #anywhere = new Set<string>()
  readonly #byChannel = new Map<string, Set<string>>()

  /** @throws {RangeError} for a pattern that is not `*` or has not one colon between two parts. */
  constructor(patterns: readonly string[]) {
    this.patterns = patterns
    for (const pattern of patterns) this.#add(pattern)
  }

  allows(channel: string, action: string): boolean {
    if (this.#all || this.#anywhere.has(action)) return true
    const actions = this.#byChannel.get(channel) ?? NONE
    return actions.has('*') || actions.has(action)
  }

  #add(pattern: string): void {
    const colon = pattern.indexOf(':')
    const channel = pattern.slice(0, colon)
    const action = pattern.slice(colon + 1)
    if (pattern === '*' || pattern === '*:*') this.#all = true
    else if (colon <= 0 || !isPart(channel) || !isPart(action))
      throw new RangeError(`not a channel:action pattern: ${JSON.stringify(pattern)}`)
    else if (channel === '*') this.#anywhere.add(action)
    else {
      const actions = this.#byChannel.get(channel)
      if (actions) actions.add(action)
      else this.#byChannel.set(channel, new Set([action]))
    }
  }
}

/** A `*` stands for a whole part, never for a piece of one. */
function isPart(part: string): boolean {
  return part === '*' || (part !== '' && !part.includes('*') && !part.includes(':'))
}
