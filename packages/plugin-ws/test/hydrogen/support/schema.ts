/**
 * As much of JSON Schema as the envelope's schema uses.
 * @module
 */

type Schema = Readonly<Record<string, any>>

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: value => typeof value === 'string',
  boolean: value => typeof value === 'boolean',
  null: value => value === null,
  integer: Number.isInteger,
}

const KEYWORDS: Readonly<Record<string, (argument: any, value: any) => boolean>> = {
  $schema: () => true,
  type: (name, value) => TYPES[name]!(value),
  const: (expected, value) => value === expected,
  enum: (names, value) => names.includes(value),
  minLength: (min, value) => typeof value !== 'string' || value.length >= min,
  maxLength: (max, value) => typeof value !== 'string' || value.length <= max,
  pattern: (source, value) => typeof value !== 'string' || new RegExp(source, 'u').test(value),
  minimum: (min, value) => typeof value !== 'number' || value >= min,
  maximum: (max, value) => typeof value !== 'number' || value <= max,
  minItems: (min, value) => !Array.isArray(value) || value.length >= min,
  maxItems: (max, value) => !Array.isArray(value) || value.length <= max,
  items: (schema, value) => !Array.isArray(value) || value.every(one => matchesSchema(schema, one)),
  required: (names, value) => !isObject(value) || names.every((name: string) => name in value),
  properties: (schemas, value) =>
    !isObject(value) ||
    Object.keys(schemas).every(name => !(name in value) || matchesSchema(schemas[name], value[name])),
  oneOf: (schemas, value) => schemas.filter((one: Schema) => matchesSchema(one, value)).length === 1,
}

/** @throws {Error} for a keyword that is not known here. */
export function matchesSchema(schema: Schema, value: unknown): boolean {
  return Object.keys(schema).every(keyword => {
    const check = KEYWORDS[keyword]
    if (!check) throw new Error(`unknown keyword: ${keyword}`)
    return check(schema[keyword], value)
  })
}
