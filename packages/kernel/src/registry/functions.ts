/**
 * Functions in option values stay in the owner's thread and cross as ids.
 * @module
 */
import type { FunctionRef } from '../plugin/driver.ts'
import type { Schema } from '../plugin/option.ts'
import { allowsFunction, memberSchema } from './validate.ts'

export type OwnerFunction = (...args: any[]) => unknown

/** The functions of a kernel that workers may name. */
export class FunctionTable {
  readonly #functions = new Map<number, { fn: OwnerFunction; fd: number }>()
  readonly #byFd = new Map<number, Set<number>>()
  #last = 0

  get(id: number): OwnerFunction | undefined {
    return this.#functions.get(id)?.fn
  }

  get size(): number {
    return this.#functions.size
  }

  /** Forgets functions of an fd; ids of other fds are left alone. */
  retire(fd: number, ids: readonly number[]): void {
    const owned = this.#byFd.get(fd)
    for (const id of ids) if (owned?.delete(id)) this.#functions.delete(id)
  }

  retireAll(fd: number): void {
    for (const id of this.#byFd.get(fd) ?? []) this.#functions.delete(id)
    this.#byFd.delete(fd)
  }

  /** The value as it crosses: functions are {@link FunctionRef}s where the schema lets functions stand. */
  toWire(value: unknown, schema: Schema, fd: number): { wire: unknown; ids: number[] } {
    const ids: number[] = []
    const walk = (item: unknown, at: Schema | undefined): unknown => {
      if (typeof item === 'function')
        return allowsFunction(at) ? this.#refer(item as OwnerFunction, fd, ids) : item
      if (Array.isArray(item)) return item.map((member, i) => walk(member, memberSchema(at, i)))
      if (!isPlainObject(item)) return item
      const copy: Record<string, unknown> = {}
      for (const [key, member] of Object.entries(item)) {
        const walked = walk(member, memberSchema(at, key))
        if (walked !== undefined) copy[key] = walked
      }
      return copy
    }
    return { wire: walk(value, schema), ids }
  }

  #refer(fn: OwnerFunction, fd: number, ids: number[]): FunctionRef {
    const id = ++this.#last
    ids.push(id)
    this.#functions.set(id, { fn, fd })
    let owned = this.#byFd.get(fd)
    if (!owned) this.#byFd.set(fd, (owned = new Set()))
    owned.add(id)
    return { $function: id }
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
