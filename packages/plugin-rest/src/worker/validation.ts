/**
 * Validation of path, query, headers and body by ajv, from a route's OpenAPI operation.
 * @module
 */
import type { ValidateFunction } from 'ajv'
import type { Ajv2020 } from 'ajv/dist/2020.js'
import { PARAM_SCHEMAS } from '../openapi/operation.ts'
import { asSchema, hasDefaults, SHARED, withReferences } from '../openapi/schema.ts'
import type { JsonSchema, Operation, Parameter, RequestBody } from '../openapi/types.ts'
import type { SharedSchemas } from '../options.ts'
import type { ValidationResult } from '../validation-result.ts'
import { loadAjv } from './ajv.ts'
import { resultsOf } from './validation-errors.ts'

type Values = Record<string, unknown>

/** Checks one part of a request and coerces it in place. */
export interface Check {
  (values: unknown): boolean
  /** What did not fit in the last call that returned false. */
  results(): ValidationResult[]
}

/** Checks a body; `changed` says whether coercion or defaults made the last one differ from its text. */
export interface BodyCheck {
  run(body: unknown): 'as-is' | 'changed' | 'invalid'
  results(): ValidationResult[]
}

/** What a route checks; a part without a check takes anything. */
export interface Checks {
  readonly path: Check | undefined
  readonly query: Check | undefined
  readonly headers: Check | undefined
  /** The lower-case names that `headers` looks at. */
  readonly headerNames: readonly string[]
  /** By media type, in lower case. Undefined where the route describes no body. */
  readonly bodies: ReadonlyMap<string, BodyCheck | undefined> | undefined
  readonly bodyRequired: boolean
}

/** Where the shared schemas are to ajv. */
const ROOT = 'unisock:openapi'
interface Compilers {
  /** For texts: path, query and headers, where a single value may stand for a list. */
  readonly texts: Ajv2020
  readonly coercing: Ajv2020
  readonly strict: Ajv2020
}

/** Compiles the checks of routes that share the same schemas. */
export class Validation {
  readonly #shared: SharedSchemas
  readonly #names: ReadonlySet<string>
  readonly #sharedDefaults: boolean
  #compilers: Promise<Compilers> | undefined

  private constructor(shared: SharedSchemas) {
    this.#shared = shared
    this.#names = new Set(Object.keys(shared.schemas ?? {}))
    this.#sharedDefaults = hasDefaults(shared.schemas)
  }

  /** @throws {Error} when a shared schema is none. */
  static async create(shared: SharedSchemas): Promise<Validation> {
    const validation = new Validation(shared)
    if (validation.#names.size > 0) validation.#checkShared(await validation.#load())
    return validation
  }

  #load(): Promise<Compilers> {
    this.#compilers ??= this.#makeCompilers()
    return this.#compilers
  }

  async #makeCompilers(): Promise<Compilers> {
    const make = await loadAjv()
    const compilers = {
      texts: make({ allErrors: true, coerceTypes: 'array' }),
      coercing: make({ allErrors: true, coerceTypes: true }),
      strict: make({ useDefaults: false }),
    }
    const schemas = this.#refer(this.#shared.schemas ?? {}, SHARED)
    for (const ajv of Object.values(compilers)) ajv.addSchema({ $id: ROOT, components: { schemas } })
    return compilers
  }

  #checkShared({ strict }: Compilers): void {
    for (const name of this.#names) {
      try {
        strict.compile({ $ref: `${ROOT}${SHARED}${name}` })
      } catch (error) {
        throw new Error(`schemas.${name}: ${(error as Error).message}`)
      }
    }
  }

  #refer<T>(value: T, prefix = ROOT + SHARED): T {
    return withReferences(value, this.#names, prefix)
  }

  /**
   * The shared defaults and the route's own parameters: what the route's checks and its documentation both
   * follow.
   */
  complete(method: string, operation: Operation): Operation {
    const added = [
      ...parametersOf(this.#shared.query, 'query', operation.parameters),
      ...parametersOf(this.#shared.headers, 'header', operation.parameters),
    ]
    const { body } = this.#shared
    const takesBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
    return {
      ...operation,
      parameters: [...operation.parameters, ...added],
      ...(body &&
        takesBody &&
        !operation.requestBody && {
          requestBody: { required: true, content: { 'application/json': { schema: asSchema(body) } } },
        }),
    }
  }

  /** @throws {Error} when a schema of the operation is none; the message says where. */
  async compile(operation: Operation): Promise<Checks> {
    const { parameters, requestBody } = operation
    const headers = parameters.filter(parameter => parameter.in === 'header')
    const headerNames = headers.map(parameter => parameter.name.toLowerCase())
    const bodyRequired = requestBody?.required === true
    if (!requestBody && parameters.every(isSettled)) return { ...UNCHECKED, bodyRequired }

    const compilers = await this.#load()
    const check = (place: Parameter['in'], part: ValidationResult['in']) =>
      this.#parameters(
        compilers,
        parameters.filter(parameter => parameter.in === place),
        place,
        part,
      )
    return {
      path: check('path', 'path'),
      query: check('query', 'query'),
      headers: check('header', 'headers'),
      headerNames,
      bodies: this.#bodies(compilers, requestBody),
      bodyRequired,
    }
  }

  #parameters(
    { texts }: Compilers,
    parameters: readonly Parameter[],
    place: Parameter['in'],
    part: ValidationResult['in'],
  ): Check | undefined {
    if (parameters.every(isSettled)) return undefined
    const nameOf = ({ name }: Parameter) => (place === 'header' ? name.toLowerCase() : name)
    const properties: Record<string, JsonSchema> = {}
    for (const parameter of parameters) properties[nameOf(parameter)] = parameter.schema ?? {}
    const required = parameters.filter(parameter => parameter.required).map(nameOf)
    const validate = this.#compile(texts, { type: 'object', properties, required }, `parameters in ${place}`)
    const check = (values: unknown) => validate(values)
    return Object.assign(check, { results: () => resultsOf(validate, part) })
  }

  #bodies(compilers: Compilers, requestBody: RequestBody | undefined): Checks['bodies'] {
    if (!requestBody) return undefined
    const bodies = new Map<string, BodyCheck | undefined>()
    for (const [mediaType, { schema }] of Object.entries(requestBody.content))
      bodies.set(mediaType.toLowerCase(), schema && this.#body(compilers, schema, mediaType))
    return bodies
  }

  #body(compilers: Compilers, schema: JsonSchema, mediaType: string): BodyCheck {
    // What a form has is text, and a single value may stand for a list.
    const isForm = mediaType.toLowerCase() === 'multipart/form-data'
    const coercing = this.#compile(isForm ? compilers.texts : compilers.coercing, schema, mediaType)
    const results = () => resultsOf(coercing, 'body')
    const coerce = (body: unknown) => (coercing(body) ? ('changed' as const) : ('invalid' as const))
    if (hasDefaults(schema) || this.#sharedDefaults) return { run: coerce, results }
    // What fits without coercion is not changed by it, so that its text can cross as it came.
    const strict = this.#compile(compilers.strict, schema, mediaType)
    return { run: body => (strict(body) ? 'as-is' : coerce(body)), results }
  }

  #compile(ajv: Ajv2020, schema: JsonSchema, at: string): ValidateFunction {
    const referred = this.#refer(schema)
    try {
      return ajv.compile(referred)
    } catch (error) {
      throw new Error(`openapi: ${at}: ${(error as Error).message}`)
    } finally {
      // A route that is replaced must leave nothing behind, above all not its schema's $id.
      ajv.removeSchema(referred)
    }
  }
}

const UNCHECKED = {
  path: undefined,
  query: undefined,
  headers: undefined,
  headerNames: [],
  bodies: undefined,
}

const SETTLED = new Set(Object.values(PARAM_SCHEMAS))

/** True of a path parameter that the router's own match leaves nothing to check of. */
function isSettled({ in: place, schema }: Parameter): boolean {
  if (place === 'cookie') return true
  if (place !== 'path') return false
  return (
    schema === undefined ||
    SETTLED.has(schema) ||
    (schema.type === 'string' && Object.keys(schema).length === 1)
  )
}

function parametersOf(
  shared: JsonSchema | undefined,
  place: 'query' | 'header',
  own: readonly Parameter[],
): Parameter[] {
  if (shared === undefined) return []
  const { properties = {}, required = [] } = asSchema(shared) as { properties?: Values; required?: string[] }
  // Header names are case-insensitive (RFC 9110 section 5.1).
  const keyOf = (name: string) => (place === 'header' ? name.toLowerCase() : name)
  const taken = new Set(
    own.filter(parameter => parameter.in === place).map(parameter => keyOf(parameter.name)),
  )
  return Object.entries(properties)
    .filter(([name]) => !taken.has(keyOf(name)))
    .map(([name, schema]) => ({
      name,
      in: place,
      required: required.includes(name),
      schema: schema as JsonSchema,
    }))
}
