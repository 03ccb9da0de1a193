/**
 * From a route's documentation, in either form, to an OpenAPI 3.1 operation.
 * @module
 */
import { STATUS_CODES } from '@unisock/plugin-http/core/worker'
import type { ParamType, Pattern } from '../pattern.ts'
import { asSchema } from './schema.ts'
import type {
  JsonSchema,
  Operation,
  Parameter,
  ParameterPlace,
  RequestBody,
  Response,
  RouteDocs,
  ShortParameter,
} from './types.ts'

const JSON_MEDIA_TYPE = 'application/json'

/** The schemas of parameters that are documented no further: what the router itself makes sure of. */
export const PARAM_SCHEMAS: Readonly<Record<ParamType, JsonSchema>> = {
  text: { type: 'string' },
  int: { type: 'integer', minimum: 0 },
  uuid: { type: 'string', format: 'uuid' },
  rest: { type: 'string' },
}

/**
 * The operation of a route. Every parameter of the pattern is there, documented or not.
 * @throws {Error} when the documentation names a path parameter that the pattern lacks.
 */
export function toOperation(pattern: Pattern, docs: RouteDocs = {}): Operation {
  const { parameters, body, requestBody, responses, ...rest } = docs
  const bodyObject = toRequestBody(body === undefined ? requestBody : { schema: body })
  return {
    ...rest,
    parameters: toParameters(pattern, parameters),
    ...(bodyObject && { requestBody: bodyObject }),
    responses: toResponses(responses),
  }
}

function toParameters(pattern: Pattern, documented: RouteDocs['parameters']): Parameter[] {
  const list = isList(documented)
    ? documented.map(parameter => ({ ...parameter }))
    : Object.entries(documented ?? {}).map(([name, short]) => toParameter(pattern, name, short))
  for (const parameter of list) {
    const known = pattern.params.find(param => param.name === parameter.name)
    if (parameter.in === 'path' && !known)
      throw new Error(`openapi.parameters: ${pattern.source} has no {${parameter.name}}`)
  }
  for (const param of pattern.params) {
    const found = list.find(parameter => parameter.in === 'path' && parameter.name === param.name)
    if (!found) list.push({ name: param.name, in: 'path', required: true, schema: PARAM_SCHEMAS[param.type] })
    else Object.assign(found, { required: true, schema: found.schema ?? PARAM_SCHEMAS[param.type] })
  }
  return list
}

function isList(value: RouteDocs['parameters']): value is readonly Parameter[] {
  return Array.isArray(value)
}

function toParameter(pattern: Pattern, name: string, short: ShortParameter): Parameter {
  const { in: place, description, required, deprecated, schema, ...keywords } = short
  const at: ParameterPlace = place ?? (pattern.params.some(param => param.name === name) ? 'path' : 'query')
  const own = schema ?? (Object.keys(keywords).length > 0 ? keywords : undefined)
  return {
    name,
    in: at,
    ...(description !== undefined && { description }),
    ...(deprecated !== undefined && { deprecated }),
    required: at === 'path' || required === true,
    ...(own ? { schema: own } : at !== 'path' && { schema: PARAM_SCHEMAS.text }),
  }
}

function toRequestBody(value: RouteDocs['requestBody']): RequestBody | undefined {
  if (value === undefined) return undefined
  if ('content' in value) return value
  const { schema, description, required = true } = value
  return {
    ...(description !== undefined && { description }),
    required,
    content: { [JSON_MEDIA_TYPE]: { schema: asSchema(schema) } },
  }
}

function toResponses(documented: RouteDocs['responses']): Record<string, Response> {
  const responses: Record<string, Response> = {}
  for (const [status, given] of Object.entries(documented ?? {})) {
    const { schema, ...response } = given
    responses[status] = {
      description: STATUS_CODES[status] ?? 'Response',
      ...response,
      ...(schema !== undefined && { content: { [JSON_MEDIA_TYPE]: { schema: asSchema(schema) } } }),
    }
  }
  if (Object.keys(responses).length === 0) responses['200'] = { description: 'Success' }
  return responses
}
