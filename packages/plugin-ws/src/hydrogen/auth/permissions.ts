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

  /** The same of a `channel:action` in one. */
  allowsNamed(permission: string): boolean {
    const colon = permission.indexOf(':')
    return this.allows(permission.slice(0, colon), permission.slice(colon + 1))
  }

  #add(pattern: string): void {
    if (!isPattern(pattern)) throw new RangeError(`not a channel:action pattern: ${JSON.stringify(pattern)}`)
    const colon = pattern.indexOf(':')
    const channel = pattern.slice(0, Math.max(0, colon))
    const action = pattern.slice(colon + 1)
    if (pattern === '*' || pattern === '*:*') this.#all = true
    else if (channel === '*') this.#anywhere.add(action)
    else {
      const actions = this.#byChannel.get(channel)
      if (actions) actions.add(action)
      else this.#byChannel.set(channel, new Set([action]))
    }
  }
}

/** Whether this is `*`, or `channel:action` in which either may be `*`. */
export function isPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false
  const colon = value.indexOf(':')
  return value === '*' || (colon > 0 && isPart(value.slice(0, colon)) && isPart(value.slice(colon + 1)))
}

/** Whether this is one permission: `channel:action`, without a `*`. */
export function isChannelAction(permission: string): boolean {
  return isPattern(permission) && !permission.includes('*')
}

/** A `*` stands for a whole part, never for a piece of one. */
function isPart(part: string): boolean {
  return part === '*' || (part !== '' && !part.includes('*') && !part.includes(':'))
}
