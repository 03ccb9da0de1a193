/**
 * Stored responses by key, within a bound of bytes.
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { StoredResponse } from './stored-response.ts'

/** Responses to one key that differ by request fields: beyond it the oldest goes. */
const MAX_VARIANTS = 64

/** Keys that are remembered because nothing under them could be stored. */
const MAX_PASSES = 1000

/** All that is stored under a key. */
export interface Resource {
  readonly key: string
  /** The target of the request it was made for. */
  readonly uri: string
  /** The newest first. */
  readonly variants: StoredResponse[]
}

export class Storage {
  readonly #resources = new Map<string, Resource>()
  readonly #homes = new Map<StoredResponse, Resource>()
  readonly #passes = new Set<string>()
  readonly #onEvict: () => void
  #bytes = 0
  #maxBytes: number

  constructor(maxBytes: number, onEvict: () => void) {
    this.#maxBytes = maxBytes
    this.#onEvict = onEvict
  }

  get bytes(): number {
    return this.#bytes
  }

  get entries(): number {
    return this.#homes.size
  }

  get resources(): Iterable<Resource> {
    return this.#resources.values()
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes
    this.#makeRoom()
  }

  at(key: string): Resource | undefined {
    return this.#resources.get(key)
  }

  /** The newest response under the key that the request's fields select. */
  find(key: string, headers: IncomingHttpHeaders): StoredResponse | undefined {
    const variants = this.#resources.get(key)?.variants
    if (variants === undefined) return undefined
    for (const stored of variants) {
      if (!stored.isSelectedBy(headers)) continue
      stored.used = true
      return stored
    }
    return undefined
  }

  /** The request fields that responses under a key were told apart by last. */
  namesAt(key: string): readonly string[] | undefined {
    return this.#resources.get(key)?.variants[0]?.parts.names
  }

  /** Stores a response in place of those for the same requests. False: it is larger than all there is room for. */
  put(key: string, uri: string, stored: StoredResponse, headers: IncomingHttpHeaders): boolean {
    this.#passes.delete(key)
    for (const other of this.#resources.get(key)?.variants.slice() ?? [])
      if (other.isSelectedBy(headers)) this.remove(other)
    return this.add(key, uri, stored)
  }

  /** Stores a response beside the others. False: it is larger than all there is room for. */
  add(key: string, uri: string, stored: StoredResponse): boolean {
    if (stored.size + key.length > this.#maxBytes) return false
    let resource = this.#resources.get(key)
    if (!resource) {
      resource = { key, uri, variants: [] }
      this.#resources.set(key, resource)
    }
    if (resource.variants.length >= MAX_VARIANTS) this.remove(resource.variants.at(-1)!)
    resource.variants.unshift(stored)
    this.#homes.set(stored, resource)
    this.#bytes += stored.size + key.length
    this.#makeRoom()
    return this.#homes.has(stored)
  }

  /** A stored response takes more: a further form of it is kept. */
  grow(stored: StoredResponse, bytes: number): void {
    if (!this.#homes.has(stored)) return
    stored.grow(bytes)
    this.#bytes += bytes
    this.#makeRoom()
  }

  remove(stored: StoredResponse): boolean {
    const resource = this.#homes.get(stored)
    if (!resource) return false
    this.#homes.delete(stored)
    this.#bytes -= stored.size + resource.key.length
    const { variants, key } = resource
    variants.splice(variants.indexOf(stored), 1)
    if (variants.length === 0 && this.#resources.get(key) === resource) this.#resources.delete(key)
    return true
  }

  /** Removes all under a key; returns how many there were. */
  removeKey(key: string): number {
    this.#passes.delete(key)
    const variants = this.#resources.get(key)?.variants.slice() ?? []
    for (const stored of variants) this.remove(stored)
    return variants.length
  }

  /** Remembers that what is asked under a key cannot be stored: nobody waits for it in hope of a share. */
  pass(key: string): void {
    if (this.#passes.size >= MAX_PASSES) this.#passes.delete(this.#passes.values().next().value!)
    this.#passes.add(key)
  }

  passes(key: string): boolean {
    return this.#passes.has(key)
  }

  clear(): void {
    this.#resources.clear()
    this.#homes.clear()
    this.#passes.clear()
    this.#bytes = 0
  }

  /** In the order of storing; what was used since it was looked at last has another turn. */
  #makeRoom(): void {
    while (this.#bytes > this.#maxBytes) {
      const [stored, resource] = this.#homes.entries().next().value!
      if (stored.used) {
        stored.used = false
        this.#homes.delete(stored)
        this.#homes.set(stored, resource)
      } else {
        this.remove(stored)
        this.#onEvict()
      }
    }
  }
}
