/**
 * Who subscribed to what.
 * @module
 */
import { hasWildcard, parsePattern } from './name.ts'

interface Node<T> {
  readonly children: Map<string, Node<T>>
  /** Whose pattern ends here. */
  readonly here: Set<T>
  /** Whose pattern ends here in `>`. */
  readonly rest: Set<T>
}

const newNode = <T>(): Node<T> => ({ children: new Map(), here: new Set(), rest: new Set() })

/** Topics whose matching patterns are remembered until a pattern comes or goes. */
const MAX_REMEMBERED = 1024

const NOBODY: readonly never[] = []

/**
 * Subscribers by pattern. An exact topic is one look-up; the patterns with wildcards are a tree of tokens, whose answer
 * for a topic is remembered while no such pattern comes or goes.
 */
export class Subscriptions<T> {
  readonly #exact = new Map<string, Set<T>>()
  readonly #root: Node<T> = newNode()
  readonly #remembered = new Map<string, readonly T[]>()
  #wildcards = 0
  #size = 0

  /** Pairs of pattern and subscriber. */
  get size(): number {
    return this.#size
  }

  /** Nodes of the tree of patterns with wildcards, its root included: what it costs. */
  get nodes(): number {
    return countNodes(this.#root)
  }

  /** False where the subscriber already has that pattern, or it is none. */
  add(pattern: string, subscriber: T): boolean {
    const tokens = parsePattern(pattern)
    if (tokens === undefined) return false
    const wild = hasWildcard(pattern)
    const set = wild ? this.#leaf(tokens) : this.#exactly(pattern)
    if (set.has(subscriber)) return false
    set.add(subscriber)
    this.#size++
    if (wild) {
      this.#wildcards++
      this.#remembered.clear()
    }
    return true
  }

  /** False where the subscriber does not have that pattern. */
  remove(pattern: string, subscriber: T): boolean {
    if (!hasWildcard(pattern)) {
      const set = this.#exact.get(pattern)
      if (!set?.delete(subscriber)) return false
      if (set.size === 0) this.#exact.delete(pattern)
    } else {
      const tokens = parsePattern(pattern)
      if (tokens === undefined || !prune(this.#root, tokens, 0, subscriber)) return false
      this.#wildcards--
      this.#remembered.clear()
    }
    this.#size--
    return true
  }

  /** Calls `visit` once for each pattern of a subscriber that matches; neither may change the subscriptions meanwhile. */
  match(topic: string, visit: (subscriber: T) => void): void {
    const exact = this.#exact.get(topic)
    if (exact !== undefined) for (const subscriber of exact) visit(subscriber)
    if (this.#wildcards === 0) return
    const wild = this.#remembered.get(topic) ?? this.#search(topic)
    for (let i = 0; i < wild.length; i++) visit(wild[i]!)
  }

  #exactly(topic: string): Set<T> {
    let set = this.#exact.get(topic)
    if (set === undefined) {
      set = new Set()
      this.#exact.set(topic, set)
    }
    return set
  }

  #leaf(tokens: readonly string[]): Set<T> {
    let node = this.#root
    for (const token of tokens) {
      if (token === '>') return node.rest
      let child = node.children.get(token)
      if (child === undefined) {
        child = newNode()
        node.children.set(token, child)
      }
      node = child
    }
    return node.here
  }

  #search(topic: string): readonly T[] {
    const found: T[] = []
    collect(this.#root, topic.split('.'), 0, found)
    const matching = found.length === 0 ? NOBODY : found
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(topic, matching)
    return matching
  }
}

function countNodes<T>(node: Node<T>): number {
  let nodes = 1
  for (const child of node.children.values()) nodes += countNodes(child)
  return nodes
}

function collect<T>(node: Node<T>, tokens: readonly string[], at: number, found: T[]): void {
  if (at === tokens.length) {
    found.push(...node.here)
    return
  }
  found.push(...node.rest)
  const exact = node.children.get(tokens[at]!)
  if (exact !== undefined) collect(exact, tokens, at + 1, found)
  const any = node.children.get('*')
  if (any !== undefined) collect(any, tokens, at + 1, found)
}

/** Takes the subscriber out, and every node that nobody needs then. */
function prune<T>(node: Node<T>, tokens: readonly string[], at: number, subscriber: T): boolean {
  if (at === tokens.length) return node.here.delete(subscriber)
  const token = tokens[at]!
  if (token === '>') return node.rest.delete(subscriber)
  const child = node.children.get(token)
  if (child === undefined || !prune(child, tokens, at + 1, subscriber)) return false
  if (child.here.size + child.rest.size + child.children.size === 0) node.children.delete(token)
  return true
}
