/**
 * JSON schemas as routes write them: property mappings taken for schemas, and references to shared schemas.
 * @module
 */
import type { JsonSchema } from './types.ts'

/** Where shared schemas are in the document. */
export const SHARED = '#/components/schemas/'

/** Keywords of which any one makes a mapping a schema rather than the properties of one. */
// biome-ignore format: a table
const KEYWORDS = new Set([
  '$ref', '$id', '$defs', '$anchor', '$schema', 'type', 'properties', 'items', 'enum', 'const', 'allOf',
  'anyOf', 'oneOf', 'not', 'if', 'format', 'additionalProperties', 'patternProperties', 'propertyNames',
  'prefixItems', 'contains', 'required', 'minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'description',
  'title', 'default', 'example', 'nullable',
])

/**
 * A mapping of property names to schemas becomes the schema of an object with these properties; a schema
 * stays. A mapping counts as properties when none of its keys is a schema keyword and all its values are
 * mappings.
 */
export function asSchema(value: JsonSchema): JsonSchema {
  const entries = Object.entries(value)
  const isProperties =
    entries.length > 0 &&
    entries.every(([key, schema]) => !KEYWORDS.has(key) && typeof schema === 'object' && schema !== null)
  return isProperties ? { type: 'object', properties: value } : value
}

/**
 * A copy with every `$ref` to a shared schema written as `prefix` asks. A reference is
 * `#/components/schemas/User`, `User#` or `User`; others stay as they are.
 */
export function withReferences<T>(value: T, names: ReadonlySet<string>, prefix: string): T {
  if (Array.isArray(value)) return value.map(item => withReferences(item, names, prefix)) as T
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    copy[key] =
      key === '$ref' && typeof item === 'string'
        ? reference(item, names, prefix)
        : withReferences(item, names, prefix)
  }
  return copy as T
}

function reference(ref: string, names: ReadonlySet<string>, prefix: string): string {
  if (ref.startsWith(SHARED)) return prefix + ref.slice(SHARED.length)
  const name = ref.endsWith('#') ? ref.slice(0, -1) : ref
  return names.has(name) ? prefix + name : ref
}

/** Whether the keyword `default` occurs anywhere in it: validating then changes what it validates. */
export function hasDefaults(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, item]) => key === 'default' || hasDefaults(item))
}
