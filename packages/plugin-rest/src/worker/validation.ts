/**
 * Validation of path, query, headers and body by ajv, from a route's OpenAPI operation.
 * @module
 */
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { Ajv2020, Options } from 'ajv/dist/2020.js'
import { PARAM_SCHEMAS } from '../openapi/operation.ts'
import { asSchema, hasDefaults, SHARED, withReferences } from '../openapi/schema.ts'
import type { JsonSchema, Operation, Parameter } from '../openapi/types.ts'
import type { SharedSchemas } from '../options.ts'
import type { ValidationResult } from '../validation-result.ts'

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
/** A client gets at most so many results: a document of a thousand faults helps nobody. */
const MAX_RESULTS = 50

const COMMON: Options = { strict: false, logger: false, validateFormats: true, useDefaults: true }

interface Libraries {
  Ajv2020: new (options: Options) => Ajv2020
  addFormats: (ajv: any) => unknown
}

/** ajv and its formats, loaded once a route needs them. */
export async function loadAjv(): Promise<Libraries> {
  const [ajv, formats] = await Promise.all([import('ajv/dist/2020.js'), import('ajv-formats')])
  return {
    Ajv2020: ajv.Ajv2020,
    addFormats: ((formats.default as any).default ?? formats.default) as Libraries['addFormats'],
  }
}

/** Compiles the checks of routes that share the same schemas. */
export class Validation {
  readonly #shared: SharedSchemas
  readonly #names: ReadonlySet<string>
  readonly #sharedDefaults: boolean
  /** For texts: path, query and headers, where a single value may stand for a list. */
  readonly #texts: Ajv2020
  readonly #coercing: Ajv2020
  readonly #strict: Ajv2020

  /** @throws {Error} when a shared schema is none. */
  constructor(shared: SharedSchemas, libraries: Libraries) {
    this.#shared = shared
    this.#names = new Set(Object.keys(shared.schemas ?? {}))
    this.#sharedDefaults = hasDefaults(shared.schemas)
    const make = (options: Options) => {
      const ajv = new libraries.Ajv2020({ ...COMMON, ...options })
      libraries.addFormats(ajv)
      return ajv
    }
    this.#texts = make({ allErrors: true, coerceTypes: 'array' })
    this.#coercing = make({ allErrors: true, coerceTypes: true })
    this.#strict = make({ useDefaults: false })
    for (const ajv of [this.#texts, this.#coercing, this.#strict]) this.#addShared(ajv)
  }

  #addShared(ajv: Ajv2020): void {
    const schemas = this.#refer(this.#shared.schemas ?? {}, `#/components/schemas/`)
    ajv.addSchema({ $id: ROOT, components: { schemas } })
    for (const name of this.#names) {
      try {
        ajv.compile({ $ref: `${ROOT}${SHARED}${name}` })
      } catch (error) {
        throw new Error(`schemas.${name}: ${(error as Error).message}`)
      }
    }
  }

  #refer<T>(value: T, prefix = ROOT + SHARED): T {
    return withReferences(value, this.#names, prefix)
  }

  /** The shared defaults and the route's own parameters: what the route's checks and its documentation both follow. */
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
  compile(operation: Operation): Checks {
    const headers = operation.parameters.filter(parameter => parameter.in === 'header')
    return {
      path: this.#parameters(operation, 'path', 'path', parameter => parameter.name),
      query: this.#parameters(operation, 'query', 'query', parameter => parameter.name),
      headers: this.#parameters(operation, 'header', 'headers', parameter => parameter.name.toLowerCase()),
      headerNames: headers.map(parameter => parameter.name.toLowerCase()),
      bodies: this.#bodies(operation),
      bodyRequired: operation.requestBody?.required === true,
    }
  }

  #parameters(
    operation: Operation,
    place: Parameter['in'],
    part: ValidationResult['in'],
    nameOf: (parameter: Parameter) => string,
  ): Check | undefined {
    const parameters = operation.parameters.filter(parameter => parameter.in === place)
    if (parameters.every(parameter => place === 'path' && isSettled(parameter.schema))) return undefined
    const properties: Record<string, JsonSchema> = {}
    for (const parameter of parameters) properties[nameOf(parameter)] = parameter.schema ?? {}
    const required = parameters.filter(parameter => parameter.required).map(nameOf)
    const validate = this.#compileWith(this.#texts, { type: 'object', properties, required }, `parameters in ${place}`)
    const check = (values: unknown) => validate(values)
    return Object.assign(check, { results: () => resultsOf(validate, part) })
  }

  #bodies(operation: Operation): Map<string, BodyCheck | undefined> | undefined {
    const { requestBody } = operation
    if (!requestBody) return undefined
    const bodies = new Map<string, BodyCheck | undefined>()
    for (const [mediaType, { schema }] of Object.entries(requestBody.content))
      bodies.set(mediaType.toLowerCase(), schema && this.#body(schema, mediaType))
    return bodies
  }

  #body(schema: JsonSchema, mediaType: string): BodyCheck {
    const coercing = this.#compileWith(this.#coercing, schema, mediaType)
    const results = () => resultsOf(coercing, 'body')
    const coerce = (body: unknown) => (coercing(body) ? ('changed' as const) : ('invalid' as const))
    if (hasDefaults(schema) || this.#sharedDefaults) return { run: coerce, results }
    // What fits without coercion is not changed by it, so that its text can cross as it came.
    const strict = this.#compileWith(this.#strict, schema, mediaType)
    return { run: body => (strict(body) ? 'as-is' : coerce(body)), results }
  }

  #compileWith(ajv: Ajv2020, schema: JsonSchema, at: string): ValidateFunction {
    try {
      return ajv.compile(this.#refer(schema))
    } catch (error) {
      throw new Error(`openapi: ${at}: ${(error as Error).message}`)
    }
  }
}

const SETTLED = new Set(Object.values(PARAM_SCHEMAS))

/** True where the router's own match of the path parameter leaves nothing to check. */
function isSettled(schema: JsonSchema | undefined): boolean {
  return schema === undefined || SETTLED.has(schema) || (schema.type === 'string' && Object.keys(schema).length === 1)
}

function parametersOf(
  shared: JsonSchema | undefined,
  place: 'query' | 'header',
  own: readonly Parameter[],
): Parameter[] {
  if (shared === undefined) return []
  const { properties = {}, required = [] } = asSchema(shared) as { properties?: Values; required?: string[] }
  const taken = new Set(own.filter(parameter => parameter.in === place).map(parameter => parameter.name))
  return Object.entries(properties)
    .filter(([name]) => !taken.has(name))
    .map(([name, schema]) => ({ name, in: place, required: required.includes(name), schema: schema as JsonSchema }))
}

function resultsOf(validate: ValidateFunction, part: ValidationResult['in']): ValidationResult[] {
  return (validate.errors ?? []).slice(0, MAX_RESULTS).map(error => ({
    in: part,
    path: pointerOf(error),
    message: messageOf(error),
  }))
}

/** The place itself where ajv names the object that lacks or should lack it. */
function pointerOf({ instancePath, params }: ErrorObject): string {
  const name: unknown = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  if (typeof name !== 'string') return instancePath
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function messageOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') return 'is not known'
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params.allowedValues)}`
  return message ?? `does not satisfy ${keyword}`
}
