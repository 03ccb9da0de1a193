/**
 * JSON text of what a program hands over.
 * @module
 */
import { jsonText } from '@unisock/kernel/plugin'

/** @throws {SocketError} `ETYPENOTSUPP` for what JSON cannot say. */
export function dataText(data: unknown, op: string): string {
  return jsonText(data, 'data', { op })
}

/** As {@link dataText}; null where there is no data. */
export function optionalJsonText(data: unknown, op: string): string | null {
  return data === undefined ? null : dataText(data, op)
}

export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
