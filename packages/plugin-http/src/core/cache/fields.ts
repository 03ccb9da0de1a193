/**
 * Header fields of stored responses: flat arrays of names and values in turn.
 * @module
 */

/** A field's value, its lines joined; undefined where there is none. */
export function fieldOf(fields: readonly string[], name: string): string | undefined {
  let value: string | undefined
  for (let i = 0; i < fields.length; i += 2)
    if (isNamed(fields[i]!, name)) value = value === undefined ? fields[i + 1]! : `${value}, ${fields[i + 1]}`
  return value
}

/** The first line of a field that has one only. */
export function singleOf(fields: readonly string[], name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (isNamed(fields[i]!, name)) return fields[i + 1]
  return undefined
}

function isNamed(field: string, name: string): boolean {
  return field.length === name.length && field.toLowerCase() === name
}

/** The fields without those whose names, in lower case, are in the set. */
export function without(fields: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2)
    if (!names.has(fields[i]!.toLowerCase())) kept.push(fields[i]!, fields[i + 1]!)
  return kept
}

/** RFC 9110 section 7.6.1 and RFC 9111 section 3.1: these are the connection's, and not stored. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** What of a response may be stored: not the connection's fields, nor those listed by no-cache and private. */
export function storableFields(fields: readonly string[], listed: readonly string[]): string[] {
  const dropped = new Set([...HOP_BY_HOP, 'age', 'content-length', 'cache-status', ...listed])
  for (const name of (fieldOf(fields, 'connection') ?? '').split(',')) dropped.add(name.trim().toLowerCase())
  return without(fields, dropped)
}

/** RFC 9111 section 3.2: what describes the stored body is not replaced by a response without one. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-encoding', 'content-length', 'content-range'])

/** Stored fields, with those that a 304 or a HEAD has put in their place. */
export function updatedFields(stored: readonly string[], newer: readonly string[]): string[] {
  const update = without(newer, OF_THE_BODY)
  const replaced = new Set<string>()
  for (let i = 0; i < update.length; i += 2) replaced.add(update[i]!.toLowerCase())
  return [...without(stored, replaced), ...update]
}

/** What a 304 leaves out: what a client has with the body that it keeps (RFC 9110 section 15.4.5). */
const NOT_IN_304: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
])

export function notModifiedFields(fields: readonly string[]): string[] {
  return without(fields, NOT_IN_304)
}
