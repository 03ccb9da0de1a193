/**
 * Values of binary formats in the form that JSON has: what is validated and what crosses.
 * @module
 */
import { isUint8Array } from 'node:util/types'

/** Bodies are nested so deep at most, unless a route says otherwise. */
export const MAX_DEPTH = 100

/**
 * Bytes become base64 (RFC 4648 section 4), points in time ISO 8601, integers beyond 2⁵³ decimal text, maps objects.
 *
 * @throws {Error} for what has no such form: numbers that are none, maps with keys that are no text or number, a value
 * that is nested deeper than allowed.
 */
export function jsonForm(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`has the number ${value}`)
      return value
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'object':
      return value === null ? null : objectForm(value, depth)
    default:
      throw new Error(`has a ${typeof value}`)
  }
}

function objectForm(value: object, depth: number): unknown {
  if (isUint8Array(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (value instanceof Date) return dateForm(value)
  if (depth <= 0) throw new Error('is nested too deep')
  if (Array.isArray(value)) return value.map(item => jsonForm(item, depth - 1))
  const form: Record<string, unknown> = {}
  for (const [key, item] of value instanceof Map ? value : Object.entries(value)) {
    if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'bigint')
      throw new Error('has a map whose keys are no texts')
    const name = String(key)
    // Assigned, it would be a prototype; JSON bodies may not have it either.
    if (name === '__proto__') throw new Error('has the key __proto__')
    if (Object.hasOwn(form, name)) throw new Error(`has the key ${JSON.stringify(name)} twice`)
    form[name] = jsonForm(item, depth - 1)
  }
  return form
}

function dateForm(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new Error('has a time that is none')
  return date.toISOString()
}
