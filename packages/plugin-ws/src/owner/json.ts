/**
 * JSON text of what a program hands over.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** @throws {SocketError} `ETYPENOTSUPP` for what JSON cannot say. */
export function jsonText(data: unknown, op: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    const message = `data cannot be written as JSON: ${(cause as Error).message}`
    throw new SocketError('ETYPENOTSUPP', message, { op, cause })
  }
  if (text === undefined)
    throw new SocketError('ETYPENOTSUPP', `data cannot be written as JSON: it is ${kindOf(data)}`, { op })
  return text
}

/** As {@link jsonText}; null where there is no data. */
export function optionalJsonText(data: unknown, op: string): string | null {
  return data === undefined ? null : jsonText(data, op)
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
