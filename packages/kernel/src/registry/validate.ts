/**
 * Option values against their JSON schemas, before anything crosses.
 * @module
 */
import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import { SocketError } from '../errors.ts'
import type { OptionDefinition, Schema } from '../plugin/option.ts'

let ajv: Ajv | undefined
const validators = new WeakMap<OptionDefinition, ValidateFunction>()

/** Loaded with the first value to validate: a kernel boots without it. */
function load(): Ajv {
  const { Ajv } = createRequire(import.meta.url)('ajv') as typeof import('ajv')
  return new Ajv({ strict: false, allowUnionTypes: true }).addKeyword({
    keyword: 'isFunction',
    schema: true,
    validate: (_expected: boolean, value: unknown) => typeof value === 'function',
    error: { message: 'must be a function' },
  })
}

function compile(definition: OptionDefinition): ValidateFunction {
  ajv ??= load()
  const validator = ajv.compile(definition.schema)
  validators.set(definition, validator)
  return validator
}

/** @throws SocketError EINVAL naming the option, the path in its value and what was expected there */
export function validateOption(definition: OptionDefinition, value: unknown, fd: number): void {
  const fail = (reason: string): SocketError =>
    new SocketError('EINVAL', `${definition.name} (${definition.number}): ${reason}`, { fd, op: 'setOption' })
  const validator = validators.get(definition) ?? compile(definition)
  if (!validator(value)) throw fail(explain(validator.errors ?? [], value, definition.secret))
  try {
    definition.check?.(value)
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error))
  }
}

function explain(errors: ErrorObject[], value: unknown, secret: boolean): string {
  // A union fails once a branch and then as a whole; the deepest path says most.
  const deepest = errors.reduce((best, error) =>
    error.instancePath.length > best.instancePath.length ? error : best,
  )
  const branches = errors.filter(
    error =>
      error.instancePath === deepest.instancePath && error.keyword !== 'anyOf' && error.keyword !== 'if',
  )
  const expected = [...new Set((branches.length > 0 ? branches : [deepest]).map(expectation))].join(' or ')
  const path = `value${deepest.instancePath.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')}`
  return `${path} ${expected}${secret ? '' : `, got ${preview(at(value, deepest.instancePath))}`}`
}

function expectation(error: ErrorObject): string {
  if (error.keyword === 'enum') return `must be one of ${error.params.allowedValues.map(String).join(', ')}`
  if (error.keyword === 'additionalProperties')
    return `must not have the key '${error.params.additionalProperty}'`
  return error.message ?? 'is not valid'
}

function at(value: unknown, path: string): unknown {
  let found = value
  for (const key of path.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Record<string, unknown>)[key.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return found
}

function preview(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** True where the schema lets a function stand at this place. */
export function allowsFunction(schema: Schema | undefined): boolean {
  if (!schema) return false
  if (schema.isFunction === true) return true
  return branches(schema).some(allowsFunction)
}

/** The schema of a value's member. */
export function memberSchema(schema: Schema | undefined, key: string | number): Schema | undefined {
  if (!schema) return undefined
  const properties = schema.properties as Record<string, Schema> | undefined
  const direct =
    typeof key === 'number'
      ? schema.items
      : properties && Object.hasOwn(properties, key)
        ? properties[key]
        : schema.additionalProperties
  if (typeof direct === 'object' && direct !== null) return direct as Schema
  for (const branch of branches(schema)) {
    const found = memberSchema(branch, key)
    if (found) return found
  }
  return undefined
}

function branches(schema: Schema): Schema[] {
  return ['anyOf', 'oneOf', 'allOf'].flatMap(key => (schema[key] as Schema[] | undefined) ?? [])
}
