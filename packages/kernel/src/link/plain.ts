/**
 * What may cross the link: data, and nothing that would arrive as something else.
 * @module
 */
import { SocketError } from '../errors.ts'

const MAX_DEPTH = 100

/**
 * Throws EBADDATA naming the path of the first value that cannot cross. Of the typed arrays only Uint8Array can:
 * msgpackr sends uninitialised memory for the others. Functions, symbols and class instances would silently change.
 */
export function assertPlain(value: unknown, path = 'value', depth = 0): void {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      throw refuse(path, `a ${typeof value}`)
    case 'bigint':
      if (value >= -(2n ** 63n) && value < 2n ** 64n) return
      throw refuse(path, 'a bigint of more than 64 bits')
    case 'object':
      break
    default:
      return
  }
  if (value === null || value instanceof Uint8Array || value instanceof Date) return
  if (depth > MAX_DEPTH) throw refuse(path, `nested more than ${MAX_DEPTH} deep, or in a circle,`)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer)
    throw refuse(path, `a ${value.constructor.name} (a Uint8Array can)`)
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) assertPlain(value[i], `${path}[${i}]`, depth + 1)
    return
  }
  if (value instanceof Map) {
    for (const [key, item] of value) {
      assertPlain(key, `${path}.key`, depth + 1)
      assertPlain(item, `${path}.get(${String(key)})`, depth + 1)
    }
    return
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw refuse(path, `an instance of ${value.constructor?.name ?? 'a class'}`)
  for (const key in value) assertPlain((value as Record<string, unknown>)[key], `${path}.${key}`, depth + 1)
}

function refuse(path: string, what: string): SocketError {
  return new SocketError(
    'EBADDATA',
    `${path} is ${what} and cannot cross to the worker: use plain data, Uint8Array, Date or Map`,
  )
}
