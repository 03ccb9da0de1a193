/**
 * Topics are dotted names, `printer.3.temperature`; patterns may have `*` for one token and end in `>` for one or more,
 * as in NATS.
 * @module
 */
import { hasControlCharacter } from '../envelope/names.ts'

const MAX_LENGTH = 128
const MAX_TOKENS = 16

/** The tokens, or undefined where one is empty, there are too many, or a character is not allowed. */
function tokensOf(text: string): string[] | undefined {
  if (text.length === 0 || text.length > MAX_LENGTH) return undefined
  if (text.includes(' ') || hasControlCharacter(text)) return undefined
  const tokens = text.split('.')
  if (tokens.length > MAX_TOKENS || tokens.includes('')) return undefined
  return tokens
}

/** Whether something may be published there: at most 16 tokens and 128 characters, no space, no wildcard. */
export function isTopic(text: string): boolean {
  return !text.includes('*') && !text.includes('>') && tokensOf(text) !== undefined
}

/** The tokens of a pattern, or undefined: a wildcard is a token of its own, and `>` is the last. */
export function parsePattern(text: string): string[] | undefined {
  const tokens = tokensOf(text)
  if (tokens === undefined) return undefined
  for (const [i, token] of tokens.entries()) {
    if (token === '*') continue
    if (token === '>' && i === tokens.length - 1) continue
    if (token.includes('*') || token.includes('>')) return undefined
  }
  return tokens
}

/** Whether a pattern that parses has a wildcard. */
export function hasWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('>')
}

/** Whether every topic that `inner` matches is one that `outer` matches: who may read `outer` may subscribe to `inner`. */
export function covers(outer: readonly string[], inner: readonly string[]): boolean {
  for (const [i, token] of outer.entries()) {
    if (i >= inner.length) return false
    if (token === '>') return true
    if (inner[i] === '>') return false
    if (token !== '*' && token !== inner[i]) return false
  }
  return outer.length === inner.length
}
