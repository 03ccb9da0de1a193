/**
 * Which subscriptions a topic concerns.
 * @module
 */

/** `*` is one token, `>` at the end one or more. */
export function matches(pattern: readonly string[], topic: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (i >= topic.length) return false
    if (pattern[i] === '>') return true
    if (pattern[i] !== '*' && pattern[i] !== topic[i]) return false
  }
  return pattern.length === topic.length
}

export const isPattern = (text: string): boolean => text.includes('*') || text.includes('>')

interface Entry<S> {
  /** Undefined: it has no wildcard. */
  readonly tokens: readonly string[] | undefined
  readonly members: Set<S>
}

/** By pattern; several may have the same. */
export class Patterns<S> {
  readonly #entries = new Map<string, Entry<S>>()
  #wildcards = 0

  add(pattern: string, member: S): void {
    let entry = this.#entries.get(pattern)
    if (entry === undefined) {
      const tokens = isPattern(pattern) ? pattern.split('.') : undefined
      if (tokens) this.#wildcards++
      this.#entries.set(pattern, (entry = { tokens, members: new Set() }))
    }
    entry.members.add(member)
  }

  /** True: it was the last one of its pattern. */
  remove(pattern: string, member: S): boolean {
    const entry = this.#entries.get(pattern)
    if (!entry?.members.delete(member) || entry.members.size > 0) return false
    this.#entries.delete(pattern)
    if (entry.tokens) this.#wildcards--
    return true
  }

  /** Those of exactly this pattern. */
  of(pattern: string): S[] {
    return [...(this.#entries.get(pattern)?.members ?? [])]
  }

  all(): S[] {
    return [...this.#entries.values()].flatMap(({ members }) => [...members])
  }

  matching(topic: string): S[] {
    const found = this.of(topic)
    if (this.#wildcards === 0) return found
    const tokens = topic.split('.')
    for (const { tokens: pattern, members } of this.#entries.values())
      if (pattern && matches(pattern, tokens)) found.push(...members)
    return found
  }

  [Symbol.iterator](): MapIterator<string> {
    return this.#entries.keys()
  }
}
